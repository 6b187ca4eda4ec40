import type { JsonObject } from '../model/json.js';
import { OrchError } from '../support/errors.js';

/** A field of a protobuf message: a number for varints, bytes for everything with a length. */
interface Field {
  number: number;
  value: number | Buffer;
}

/**
 * DeleteOptions from Kubernetes' protobuf envelope (`k8s\0`, then Unknown{1: TypeMeta, 2: raw}), as kubectl drain sends
 * them. Field numbers are those of the published generated.proto. Throws BadRequest when the bytes are not that.
 */
export function decodeDeleteOptions(bytes: Buffer): JsonObject {
  if (bytes.subarray(0, 4).toString('latin1') !== 'k8s\0') throw malformed();
  const raw = readFields(bytes.subarray(4)).find((field) => field.number === 2)?.value;
  const options: JsonObject = {};
  const dryRun: string[] = [];
  for (const { number, value } of Buffer.isBuffer(raw) ? readFields(raw) : []) {
    if (number === 1 && typeof value === 'number') options['gracePeriodSeconds'] = value;
    else if (number === 2 && Buffer.isBuffer(value)) options['preconditions'] = readPreconditions(value);
    else if (number === 4 && Buffer.isBuffer(value)) options['propagationPolicy'] = value.toString('utf8');
    else if (number === 5 && Buffer.isBuffer(value)) dryRun.push(value.toString('utf8'));
  }
  return dryRun.length > 0 ? { ...options, dryRun } : options;
}

function readPreconditions(bytes: Buffer): JsonObject {
  const preconditions: JsonObject = {};
  for (const { number, value } of readFields(bytes)) {
    if (!Buffer.isBuffer(value) || value.length === 0) continue;
    if (number === 1) preconditions['uid'] = value.toString('utf8');
    if (number === 2) preconditions['resourceVersion'] = value.toString('utf8');
  }
  return preconditions;
}

function readFields(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 2 ** 49) throw malformed();
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      fields.push({ number, value: varint() });
    } else if (tag % 8 === 2) {
      const length = varint();
      if (at + length > bytes.length) throw malformed();
      fields.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    } else {
      throw malformed(); // DeleteOptions has no other wire types
    }
  }
  return fields;
}

function malformed(): OrchError {
  return new OrchError('BadRequest', 'the body is not DeleteOptions in Kubernetes protobuf encoding');
}
