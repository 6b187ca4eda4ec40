import type { JsonObject, JsonValue } from '../model/json.js';
import { requestLimits } from '../manifest/limits.js';
import { OrchError } from '../support/errors.js';
import { malformed, readFields, type FieldBudget, type ProtobufField } from './protobuf-fields.js';
import { protobufMessages, type FieldType, type Message } from './protobuf-messages.js';

/**
 * kubectl's typed commands (create namespace, auth can-i, drain) send protobuf and know no other way. Arrives: the bytes of
 * such a body. Leaves: the object as JSON would have it. Unknown fields are passed over, as protobuf has it.
 */
const magic = Buffer.from('k8s\0');

/** An entry of a map is three fields here and one value in JSON. */
const maxFields = 3 * requestLimits.maxNodes;

export function isProtobuf(bytes: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/**
 * The object in Kubernetes' envelope (`k8s\0`, then Unknown{1: TypeMeta{1: apiVersion, 2: kind}, 2: raw}). Throws BadRequest for
 * other bytes, and UnsupportedMediaType for a kind that is not in protobuf-messages.ts.
 */
export function decodeProtobuf(bytes: Buffer): JsonObject {
  if (!isProtobuf(bytes)) throw malformed();
  const budget = { left: maxFields };
  const envelope = readFields(bytes.subarray(magic.length), budget);
  const type = decodeMessage({ 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }, bytesOf(envelope, 1), budget);
  const { apiVersion, kind } = type as Record<string, string | undefined>;
  if (apiVersion === undefined || kind === undefined || !envelope.some(({ number }) => number === 2)) throw malformed();
  const message = protobufMessages[kind === 'DeleteOptions' ? 'v1 DeleteOptions' : `${apiVersion} ${kind}`];
  if (!message) {
    throw new OrchError(
      'UnsupportedMediaType',
      `${apiVersion} ${kind} is not taken as protobuf: send JSON or YAML (with kubectl, use -f FILE instead of this command)`,
    );
  }
  return { ...type, ...decodeMessage(message, bytesOf(envelope, 2), budget) };
}

function decodeMessage(message: Message, bytes: Buffer, budget: FieldBudget): JsonObject {
  // Lists and maps come one member at a time.
  const byNumber = new Map<number, ProtobufField['value'][]>();
  for (const { number, value } of readFields(bytes, budget)) {
    const values = byNumber.get(number);
    if (values) values.push(value);
    else byNumber.set(number, [value]);
  }
  const members: [string, JsonValue][] = [];
  for (const [number, values] of byNumber) {
    const [name, type] = message[number] ?? [];
    if (name === undefined || type === undefined) continue;
    if (type === 'unread') refuseContent(name, values);
    const decoded = type === 'unread' ? undefined : decodeField(type, values, budget);
    if (decoded !== undefined) members.push([name, decoded]);
  }
  return Object.fromEntries(members);
}

/** Undefined for what Go writes in place of nothing. */
function decodeField(
  type: Exclude<FieldType, 'unread'>,
  values: readonly ProtobufField['value'][],
  budget: FieldBudget,
): JsonValue | undefined {
  const last = values.at(-1);
  if (type === 'integer?' || type === 'boolean?') {
    if (typeof last !== 'number') throw malformed();
    return type === 'boolean?' ? last !== 0 : last;
  }
  const parts = values.map((value) => (Buffer.isBuffer(value) ? value : refuse()));
  const part = parts.at(-1) ?? Buffer.alloc(0);
  if (type === 'string') return part.length === 0 ? undefined : text(part);
  if (type === 'strings') return parts.map(text);
  if (type === 'stringMap' || type === 'bytesMap')
    return Object.fromEntries(parts.map((entry) => mapEntry(type, entry, budget)));
  if ('messages' in type) return parts.map((item) => decodeMessage(type.messages, item, budget));
  const object = decodeMessage(type.message, part, budget);
  return Object.keys(object).length === 0 ? undefined : object;
}

/** Go writes an empty text, an empty message, 0 or false for what nobody set. */
function refuseContent(name: string, values: readonly ProtobufField['value'][]): void {
  const isEmpty = values.every((value) => (Buffer.isBuffer(value) ? isEmptyMessage(value) : value === 0));
  if (isEmpty) return;
  throw new OrchError(
    'UnsupportedMediaType',
    `the field "${name}" is not taken as protobuf: send JSON or YAML (with kubectl, use -f FILE instead of this command)`,
  );
}

/** A message whose members are all empty texts, as Go writes one that nobody filled. */
function isEmptyMessage(bytes: Buffer): boolean {
  return bytes.length % 2 === 0 && bytes.every((byte, index) => (index % 2 === 0 ? byte % 8 === 2 : byte === 0));
}

function mapEntry(type: 'stringMap' | 'bytesMap', bytes: Buffer, budget: FieldBudget): [string, string] {
  const entry = readFields(bytes, budget);
  const value = bytesOf(entry, 2);
  return [text(bytesOf(entry, 1)), type === 'stringMap' ? text(value) : value.toString('base64')];
}

function refuse(): never {
  throw malformed();
}

function bytesOf(fields: readonly ProtobufField[], number: number): Buffer {
  const value = fields.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8');
}
