import { whyAbsent } from '../model/absent-kinds.js';
import type { ApiObject } from '../model/api-object.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';
import { apiVersionOf, type Kind } from '../model/kind.js';
import { findKind, kinds } from '../model/kinds.js';
import { podKind } from '../model/pod.js';
import { asCauseOfPod, podFieldOf } from '../model/pod-task-spec.js';
import { taskKind } from '../model/task.js';
import { readSent, withoutUnset } from '../model/unset-fields.js';
import type { ErrorCause } from '../support/errors.js';
import type { TextDocument } from './compose-yaml.js';
import { formatFieldPath, formatPointer, parseFieldPath, resolvePointer, shorten } from './field-path.js';
import { maxErrorsPerInput } from './limits.js';
import type { ManifestDocument, ManifestError, Manifests } from './manifest-document.js';
import { nearest } from './nearest.js';
import type { SourceMap } from './source-map.js';
import { readPod } from './read-pod.js';
import { validateSchema, type SchemaIssue } from './validate-schema.js';

/** The objects of one document (several for a List), checked against schema and rules of their kinds. */
export function checkDocument(document: TextDocument, file: string, sourceMap: SourceMap): Manifests {
  const check = new DocumentCheck(document, file, sourceMap);
  if (document.value !== null) check.value(document.value, '');
  return { documents: check.documents, errors: check.errors };
}

class DocumentCheck {
  readonly documents: ManifestDocument[] = [];
  readonly errors: ManifestError[] = [];

  constructor(
    readonly document: TextDocument,
    readonly file: string,
    readonly sourceMap: SourceMap,
  ) {}

  /** `pointer` leads from the document to the value: '' or, in a List, /items/0. */
  value(value: JsonValue, pointer: string): void {
    if (this.errors.length >= maxErrorsPerInput) return;
    if (Array.isArray(value)) {
      return this.#fail(pointer, 'a list is not a manifest: separate objects by "---", or put them in a "kind: List"');
    }
    if (!isJsonObject(value)) {
      const shown = JSON.stringify(shorten(String(value)));
      return this.#fail(pointer, `a manifest must be a mapping with apiVersion, kind, metadata, not ${shown}`);
    }
    if (this.#isList(value)) return this.#list(value, pointer);
    if (value['apiVersion'] === 'v1' && value['kind'] === 'Pod') return this.#pod(value, pointer);
    const kind = this.#kindOf(value, pointer);
    if (!kind) return;
    const before = this.errors.length;
    this.#checkObject(kind, value, pointer);
    if (this.errors.length > before) return;
    this.documents.push({
      file: this.file,
      line: this.#position(pointer).line,
      object: value as unknown as ApiObject,
      kind,
      locate: (inner) => this.#position(pointer + inner),
    });
  }

  #isList(value: JsonObject): boolean {
    const { kind, items } = value;
    if (typeof kind !== 'string' || !kind.endsWith('List')) return false;
    return kind === 'List' || (Array.isArray(items) && kinds.some((known) => `${known.kind}List` === kind));
  }

  #list(list: JsonObject, pointer: string): void {
    const items = list['items'];
    if (items === undefined) return this.#fail(`${pointer}/items`, 'is required in a List', 'items');
    if (!Array.isArray(items)) return this.#fail(`${pointer}/items`, 'must be a list', 'items');
    items.forEach((item, index) => this.value(item, `${pointer}/items/${index}`));
  }

  /** A Pod is a Task here, and what is wrong with it is told at its own fields. */
  #pod(pod: JsonObject, pointer: string): void {
    const before = this.errors.length;
    const { task, kept, refused, unknown } = readPod(pod, (inner) => this.#rawText(pointer + inner));
    for (const issue of [...refused, ...unknown]) this.#issue(issue, pointer);
    this.#checkMetadata(podKind, pod, pointer);
    // What the Task lacks was told, if it was taken from the Pod because it is wrong.
    if (this.errors.length > before) return;
    const issues = validateSchema(taskKind, task);
    const causes = issues.length > 0 ? issues : taskKind.validate(task as unknown as ApiObject);
    for (const cause of causes) this.#cause(asCauseOfPod(cause), pointer);
    if (this.errors.length > before) return;
    this.documents.push({
      file: this.file,
      line: this.#position(pointer).line,
      object: task as unknown as ApiObject,
      kind: taskKind,
      ...(kept.length > 0 && { warnings: [`orch keeps these fields and does not act on them: ${kept.join(', ')}`] }),
      locate: (inner) => {
        const field = podFieldOf(formatFieldPath(resolvePointer(task, inner)));
        return this.#position(pointer + formatPointer(parseFieldPath(field)));
      },
    });
  }

  #kindOf(value: JsonObject, pointer: string): Kind | undefined {
    const { apiVersion, kind } = value;
    for (const [field, text] of Object.entries({ apiVersion, kind })) {
      const example = field === 'kind' ? 'kind: Task' : 'apiVersion: orch.dev/v1';
      if (text === undefined) this.#fail(`${pointer}/${field}`, `is required, like "${example}"`, field);
      else if (typeof text !== 'string' || text === '') {
        this.#fail(`${pointer}/${field}`, `must be a string, like "${example}"`, field);
      }
    }
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !apiVersion || !kind) return undefined;
    const found = findKind(apiVersion, kind);
    if (found?.writtenBySystem !== undefined) this.#fail(`${pointer}/kind`, found.writtenBySystem, 'kind');
    if (found) return found.writtenBySystem === undefined ? found : undefined;
    const sameName = kinds.filter((candidate) => candidate.kind === kind);
    if (sameName.length > 0) {
      const versions = sameName.map((candidate) => `"${apiVersionOf(candidate)}"`).join(' or ');
      this.#fail(
        `${pointer}/apiVersion`,
        `must be ${versions} for kind ${kind}, not "${shorten(apiVersion)}"`,
        'apiVersion',
      );
      return undefined;
    }
    const absent = whyAbsent(apiVersion, kind);
    if (absent !== undefined) {
      this.#fail(`${pointer}/kind`, absent, 'kind');
      return undefined;
    }
    const names = kinds.filter(({ writtenBySystem }) => !writtenBySystem).map((candidate) => candidate.kind);
    const near = nearest(kind, names);
    const hint = near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`;
    this.#fail(`${pointer}/kind`, `unknown kind "${shorten(kind)}" of ${shorten(apiVersion)}: ${hint}`, 'kind');
    return undefined;
  }

  #checkObject(kind: Kind, object: JsonObject, pointer: string): void {
    const issues = validateSchema(kind, withoutUnset(kind.schema, object), (inner) => this.#rawText(pointer + inner));
    for (const issue of issues) this.#issue(issue, pointer);
    this.#checkMetadata(kind, object, pointer);
    // Rules are written for objects of the right shape.
    if (issues.length > 0) return;
    const why = kind.systemsOwn?.(object as unknown as ApiObject);
    if (why !== undefined) this.#fail(`${pointer}/kind`, why, 'kind');
    for (const cause of kind.validate(readSent(kind, object, true) as unknown as ApiObject)) {
      this.#cause(cause, pointer);
    }
  }

  #issue(issue: SchemaIssue, pointer: string): void {
    this.#fail(pointer + issue.pointer, issue.message, issue.field, issue.unknownField ? 'key' : 'value');
  }

  #cause({ field = '', message }: ErrorCause, pointer: string): void {
    this.#fail(pointer + formatPointer(parseFieldPath(field)), message, field);
  }

  #checkMetadata(kind: Kind, object: JsonObject, pointer: string): void {
    const metadata = object['metadata'];
    if (isJsonObject(metadata)) {
      if (metadata['name'] === undefined) this.#fail(`${pointer}/metadata/name`, 'is required', 'metadata.name');
      else if (metadata['name'] === '') this.#fail(`${pointer}/metadata/name`, 'must not be empty', 'metadata.name');
      if (metadata['namespace'] !== undefined && !kind.namespaced) {
        const message = `a ${kind.kind} belongs to no namespace: remove this line`;
        this.#fail(`${pointer}/metadata/namespace`, message, 'metadata.namespace', 'key');
      }
    }
  }

  #rawText(pointer: string): string | undefined {
    const found = this.sourceMap.find(this.document.value, pointer);
    if (!found?.exact || found.spot.end < 0) return undefined;
    const raw = this.sourceMap.text.slice(found.spot.value, found.spot.end);
    return raw.startsWith('*') ? undefined : raw;
  }

  #fail(pointer: string, message: string, field?: string, at: 'key' | 'value' = 'value'): void {
    const position = this.#position(pointer, at);
    const inList = formatFieldPath(resolvePointer(this.document.value, listPrefix(pointer)));
    const path = inList && field ? `${inList}.${field}` : inList || field;
    this.errors.push({ file: this.file, ...position, ...(path && { field: path }), message });
  }

  /** A scalar's own place; for mappings and lists that of the key, which is what people look for. */
  #position(pointer: string, at: 'key' | 'value' = 'value'): { line: number; column: number } {
    const found = this.sourceMap.find(this.document.value, pointer);
    if (!found) return this.sourceMap.position(this.document.offset);
    const { key, value, end } = found.spot;
    const useKey = key >= 0 && (at === 'key' || !found.exact || end < 0 || end === value);
    return this.sourceMap.position(useKey ? key : value);
  }
}

/** The part of a pointer that leads into Lists. */
function listPrefix(pointer: string): string {
  return /^(?:\/items\/\d+)*/.exec(pointer)?.[0] ?? '';
}
