import type { JsonObject, JsonValue } from '../../model/json.js';
import { requestLimits } from '../../manifest/limits.js';
import { toTimestamp } from '../../support/clock.js';
import { OrchError } from '../../support/errors.js';
import { malformed, readFields, type FieldBudget, type ProtobufField } from './protobuf-fields.js';
import type { FieldType, Message } from './message.js';
import { protobufMessages } from './protobuf-messages.js';
import { own } from '../../support/own.js';

/**
 * kubectl's typed commands (create namespace, auth can-i, drain) send protobuf and know no other way. Arrives: the bytes of
 * such a body. Leaves: the object as JSON would have it. Nothing that somebody set is dropped: it is refused by its name.
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
  const message = own(protobufMessages, kind === 'DeleteOptions' ? 'v1 DeleteOptions' : `${apiVersion} ${kind}`);
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
    const [name, type] = message[number] ?? [`number ${number}`, 'unread'];
    if (type === 'ignored') continue;
    if (type === 'unread') refuseContent(name, values);
    else if (isInline(type)) members.push(...Object.entries(decodeMessage(type.inline, lastBytes(values), budget)));
    else {
      const decoded = decodeField(type, values, budget);
      if (decoded !== undefined) members.push([name, decoded]);
    }
  }
  return Object.fromEntries(members);
}

type Inline = Extract<FieldType, { inline: Message }>;
type ReadType = Exclude<FieldType, 'unread' | 'ignored' | Inline>;

function isInline(type: FieldType): type is Inline {
  return typeof type === 'object' && 'inline' in type;
}

/** Undefined for what Go writes in place of nothing. */
function decodeField(
  type: ReadType,
  values: readonly ProtobufField['value'][],
  budget: FieldBudget,
): JsonValue | undefined {
  switch (type) {
    case 'integer':
      return lastNumber(values) || undefined;
    case 'boolean':
      return lastNumber(values) !== 0 || undefined;
    case 'integer?':
      return lastNumber(values);
    case 'boolean?':
      return lastNumber(values) !== 0;
    case 'string':
      return text(lastBytes(values)) || undefined;
    case 'strings':
      return values.map((value) => text(asBytes(value)));
    case 'stringMap':
    case 'bytesMap':
    case 'quantities':
      return Object.fromEntries(values.map((entry) => mapEntry(type, asBytes(entry), budget)));
    case 'integerOrString':
      return integerOrString(readFields(lastBytes(values), budget));
    case 'time':
      return time(readFields(lastBytes(values), budget));
    case 'microTime':
      return microTime(readFields(lastBytes(values), budget));
  }
  if ('messages' in type) return values.map((item) => decodeMessage(type.messages, asBytes(item), budget));
  const object = decodeMessage(type.message, lastBytes(values), budget);
  return Object.keys(object).length === 0 ? undefined : object;
}

/** {1: which of the two, 2: the number, 3: the text}. */
function integerOrString(fields: readonly ProtobufField[]): JsonValue {
  return numberOf(fields, 1) === 1 ? text(bytesOf(fields, 3)) : numberOf(fields, 2);
}

/** {1: seconds since 1970}. */
function time(fields: readonly ProtobufField[]): string | undefined {
  const milliseconds = numberOf(fields, 1) * 1000;
  if (Number.isNaN(new Date(milliseconds).getTime())) throw malformed();
  return fields.length === 0 ? undefined : toTimestamp(milliseconds);
}

/** {1: seconds since 1970, 2: nanoseconds}. */
function microTime(fields: readonly ProtobufField[]): string | undefined {
  const micros = Math.floor(numberOf(fields, 2) / 1000);
  if (!(micros >= 0 && micros < 1_000_000)) throw malformed();
  return time(fields)?.replace(/Z$/, `.${String(micros).padStart(6, '0')}Z`);
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

/** A message whose members are all empty texts and zeros, as Go writes one that nobody filled. */
function isEmptyMessage(bytes: Buffer): boolean {
  const isTag = (byte: number): boolean => byte % 8 === 2 || byte % 8 === 0;
  return bytes.length % 2 === 0 && bytes.every((byte, index) => (index % 2 === 0 ? isTag(byte) : byte === 0));
}

function mapEntry(type: 'stringMap' | 'bytesMap' | 'quantities', bytes: Buffer, budget: FieldBudget): [string, string] {
  const entry = readFields(bytes, budget);
  const value = bytesOf(entry, 2);
  const key = text(bytesOf(entry, 1));
  if (type === 'quantities') return [key, text(bytesOf(readFields(value, budget), 1))];
  return [key, type === 'stringMap' ? text(value) : value.toString('base64')];
}

function lastNumber(values: readonly ProtobufField['value'][]): number {
  const last = values.at(-1);
  if (typeof last !== 'number') throw malformed();
  return last;
}

function lastBytes(values: readonly ProtobufField['value'][]): Buffer {
  return asBytes(values.at(-1));
}

function asBytes(value: ProtobufField['value'] | undefined): Buffer {
  if (!Buffer.isBuffer(value)) throw malformed();
  return value;
}

function numberOf(fields: readonly ProtobufField[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  return typeof value === 'number' ? value : 0;
}

function bytesOf(fields: readonly ProtobufField[], number: number): Buffer {
  const value = fields.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8');
}
