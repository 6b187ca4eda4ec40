import type { JsonValue } from '../model/json.js';
import { OrchError } from '../support/errors.js';
import { maxErrorsPerInput, defaultLimits, type DuplicateFields, type TextLimits } from './limits.js';
import { checkDocument } from './check-document.js';
import { composeYaml, type ComposedText } from './compose-yaml.js';
import { refuseNul } from './decode-text.js';
import { findDuplicates } from './find-duplicates.js';
import type { ManifestDocument, ManifestError, Manifests } from './manifest-document.js';
import { scanJson } from './parse-json.js';
import { SourceMap } from './source-map.js';
import { TextProblem } from './text-problem.js';

export interface ParseOptions {
  /** The name that errors show. */
  file: string;
  /** Where objects without a namespace will go; 'default' when absent. Only to find the same object twice. */
  namespace?: string;
  limits?: Partial<TextLimits>;
}

/**
 * manifest: text in; valid objects of known kinds and the exact place of every problem out. Whatever the text, it takes
 * milliseconds, nothing is guessed, and nothing that is returned shares parts, has cycles or reaches a prototype.
 * Pure. YAML (several documents) or JSON; `kind: List` is taken apart.
 */
export function parseManifests(text: string, options: ParseOptions): Manifests {
  const { documents, errors } = parseText(text, options);
  return withoutDuplicates(documents, errors, options.namespace);
}

/** Takes out what is there twice, and caps and sorts the errors. Over one text or several. */
export function withoutDuplicates(
  documents: readonly ManifestDocument[],
  errors: readonly ManifestError[],
  namespace?: string,
): Manifests {
  const { unique, errors: duplicateErrors } = findDuplicates(documents, namespace);
  return { documents: unique, errors: [...errors, ...duplicateErrors] };
}

/** One text, without a look for duplicates. */
export function parseText(text: string, options: ParseOptions): Manifests {
  const sourceMap = new SourceMap(text);
  const { documents: trees, problems } = readTrees(text, { ...defaultLimits, ...options.limits }, sourceMap);
  const documents: ManifestDocument[] = [];
  const errors = problems.map((problem): ManifestError => {
    const { message, field } = problem;
    return { file: options.file, ...sourceMap.position(problem.offset), ...(field && { field }), message };
  });
  for (const tree of trees) {
    if (errors.length >= maxErrorsPerInput) break;
    const checked = checkDocument(tree, options.file, sourceMap);
    documents.push(...checked.documents);
    errors.push(...checked.errors);
  }
  errors.sort((a, b) => a.line - b.line || a.column - b.column);
  return { documents, errors: errors.slice(0, maxErrorsPerInput) };
}

/**
 * The one value of a YAML or JSON text, not checked against any schema. Throws OrchError BadRequest with line and column, under the
 * name `file`. Pure.
 */
export function parseValue(
  text: string,
  file: string,
  limits: Partial<TextLimits>,
  duplicates?: DuplicateFields,
): JsonValue {
  const sourceMap = new SourceMap(text);
  const { documents, problems } = readTrees(text, { ...defaultLimits, ...limits }, sourceMap, duplicates);
  const [problem] = problems;
  if (problem) {
    const { line, column } = sourceMap.position(problem.offset);
    const where = `${file}:${line}:${column}:${problem.field === undefined ? '' : ` ${problem.field}:`}`;
    throw new OrchError('BadRequest', `${where} ${problem.message}`);
  }
  const present = documents.filter(({ value }) => value !== null);
  const [document, ...more] = present;
  if (!document || more.length > 0) {
    throw new OrchError('BadRequest', `${file}: it must hold one object, not ${present.length}`);
  }
  return document.value;
}

function readTrees(text: string, limits: TextLimits, sourceMap: SourceMap, duplicates?: DuplicateFields): ComposedText {
  try {
    // Bytes, not UTF-16 units, are what the limit is about; a text of so many units is too large in any case.
    if (text.length > limits.maxBytes || Buffer.byteLength(text) > limits.maxBytes) {
      throw new TextProblem(`larger than ${limits.maxBytes / 2 ** 20} MiB`, 0);
    }
    refuseNul(text);
    const marks = text.match(/^---/gm)?.length ?? 0;
    if (marks > limits.maxDocuments) throw new TextProblem(`more than ${limits.maxDocuments} documents: split it`, 0);
    if (text.trim() === '') throw new TextProblem('empty: there is no manifest in it', 0);
    if (!/^\s*[{[]/.test(text)) return composeYaml(text, limits, sourceMap, duplicates);
    return readJsonOrFlowYaml(text, limits, sourceMap, duplicates);
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    return { documents: [], problems: [error] };
  }
}

/** What starts with a bracket is JSON, or YAML's flow style: then the YAML parser's word counts. */
function readJsonOrFlowYaml(
  text: string,
  limits: TextLimits,
  sourceMap: SourceMap,
  duplicates?: DuplicateFields,
): ComposedText {
  try {
    const value: JsonValue = scanJson(text, limits, sourceMap, duplicates);
    return { documents: [{ value, offset: text.search(/\S/) }], problems: [] };
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    if (duplicates) duplicates.length = 0;
    const yaml = composeYaml(text, limits, sourceMap, duplicates);
    const looksLikeJson = /^\s*[{[]\s*(?:"[^"\n]*"\s*:|[{["])/.test(text);
    return yaml.problems.length > 0 && looksLikeJson ? { documents: [], problems: [error] } : yaml;
  }
}
