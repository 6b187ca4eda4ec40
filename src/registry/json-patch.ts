import jsonPatch, { type Operation } from 'fast-json-patch';
import type { JsonObject, JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { errorMessage, OrchError } from '../support/errors.js';
import { badRequest, invalid } from './registry-errors.js';
import { own } from '../support/own.js';

const maxPatchOperations = 10_000;
/** Of RFC 6902. The library has operations of its own beside them. */
const operationNames: ReadonlySet<string> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);
/** Of the result, and of everything that `copy` operations add together. */
const maxPatchedCharacters = 1.5 * 2 ** 20;
/** No object is deeper. */
const maxPointerSegments = 100;

/**
 * RFC 6902, all or nothing; `target` is not changed. Throws BadRequest (not a list of operations), RequestEntityTooLarge
 * (more than 10,000 operations, or copies that pile up), Invalid (an operation or test that fails, naming it).
 */
export function applyJsonPatch(kind: Kind, name: string, target: JsonObject, operations: JsonValue): JsonObject {
  const checked = readOperations(operations);
  let document: JsonValue = structuredClone(target);
  let copied = 0;
  for (const [index, operation] of checked.entries()) {
    try {
      if (!operationNames.has(operation.op)) throw new Error(`write one of ${[...operationNames].join(', ')}`);
      // For these two the library's check copies the whole document.
      const isOurs = operation.op === 'copy' || operation.op === 'move';
      if (isOurs) {
        const source = valueAt(document, operation.from);
        if (operation.op === 'copy') copied += sizeOf(source);
        if (copied > maxPatchedCharacters) throw tooLarge('its copy operations add too much');
      }
      document = jsonPatch.applyOperation(document, operation, !isOurs, true, true, index).newDocument;
    } catch (error) {
      if (error instanceof OrchError) throw error;
      throw operationFailed(kind, name, index, operation, error);
    }
  }
  if (!isJsonObject(document)) throw badRequest('the patch replaces the whole object with something that is none');
  return document;
}

/** Throws RequestEntityTooLarge when a patched object has become larger than any request may be. */
export function checkPatchedSize(object: JsonObject): void {
  if (sizeOf(object) > maxPatchedCharacters) throw tooLarge('the patched object would be too large');
}

function readOperations(operations: JsonValue): Operation[] {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch must be a list of operations');
  if (operations.length > maxPatchOperations) {
    throw tooLarge(`it has ${operations.length} operations, more than ${maxPatchOperations}`);
  }
  for (const [index, operation] of operations.entries()) {
    if (!isJsonObject(operation) || typeof operation['op'] !== 'string' || typeof operation['path'] !== 'string') {
      throw badRequest(`operation ${index} of the JSON patch is not an object with op and path`);
    }
    const { op, path, from } = operation;
    if ((op === 'move' || op === 'copy') && typeof from !== 'string') {
      throw badRequest(`operation ${index} of the JSON patch is not an object with op, from and path`);
    }
    for (const pointer of [path, from]) {
      if (typeof pointer === 'string' && pointer.split('/', maxPointerSegments + 2).length > maxPointerSegments + 1) {
        throw badRequest(`operation ${index} of the JSON patch has a path of more than ${maxPointerSegments} segments`);
      }
      if (typeof pointer === 'string' && reachesPrototype(pointer)) {
        throw badRequest(`operation ${index} of the JSON patch reaches for a prototype: "${pointer.slice(0, 100)}"`);
      }
    }
  }
  return operations as unknown as Operation[];
}

/** Throws when nothing is there. Pointers as in RFC 6901. */
function valueAt(document: JsonValue, pointer: string): JsonValue {
  let value: JsonValue | undefined = document;
  if (pointer !== '' && !pointer.startsWith('/')) throw new Error('"from" must begin with a slash');
  for (const segment of pointer.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    const holds: boolean = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    value = holds ? own(value as Record<string, JsonValue | undefined>, name) : undefined;
    if (value === undefined) throw new Error('there is nothing at "from"');
  }
  return value;
}

function reachesPrototype(pointer: string): boolean {
  const segments = pointer.split('/');
  return segments.some(
    (segment, index) => segment === '__proto__' || (segment === 'prototype' && segments[index - 1] === 'constructor'),
  );
}

function operationFailed(kind: Kind, name: string, index: number, operation: Operation, error: unknown): OrchError {
  const what = `operation ${index} (${operation.op} "${operation.path.slice(0, 100)}")`;
  const why = operation.op === 'test' ? 'the value there is another one' : firstLine(errorMessage(error));
  return invalid(kind, name, [
    { reason: 'FieldValueInvalid', field: 'patch', message: `the JSON patch was not applied: ${what}: ${why}` },
  ]);
}

// The library prints the whole document after its sentence.
function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 200);
}

function tooLarge(why: string): OrchError {
  return new OrchError('RequestEntityTooLarge', `the patch was not applied: ${why}`);
}

function sizeOf(value: JsonValue | undefined): number {
  return JSON.stringify(value ?? null).length;
}
