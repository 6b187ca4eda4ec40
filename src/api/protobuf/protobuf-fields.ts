import { OrchError } from '../../support/errors.js';

/** A field of a protobuf message: a number for varints, bytes for everything with a length. */
export interface ProtobufField {
  number: number;
  value: number | Buffer;
}

/** How many fields may still be read of one body, in all of its messages: each costs as much as a value of JSON. */
export interface FieldBudget {
  left: number;
}

/**
 * The fields of one message, in their order. Throws BadRequest for bytes that are no message, and RequestEntityTooLarge
 * as soon as the budget is used up. Linear.
 */
export function readFields(bytes: Buffer, budget: FieldBudget): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  /** Negative numbers come as 64 bits in two's complement: ten bytes, the last of which is 1. */
  const varint = (): number => {
    let value = 0;
    let complement = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 2 ** 63) throw malformed();
      if (shift === 2 ** 63) return byte === 1 ? -complement - 1 : refuse();
      value += (byte & 0x7f) * shift;
      complement += (~byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    if (--budget.left < 0) throw tooMany();
    const tag = varint();
    if (tag < 8) throw malformed();
    const number = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      fields.push({ number, value: varint() });
    } else if (tag % 8 === 2) {
      const length = varint();
      if (length < 0 || at + length > bytes.length) throw malformed();
      fields.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    } else {
      throw malformed(); // Kubernetes' objects have no other wire types
    }
  }
  return fields;
}

function tooMany(): OrchError {
  return new OrchError('RequestEntityTooLarge', 'the body has too many fields to be read: send a smaller object');
}

function refuse(): never {
  throw malformed();
}

export function malformed(): OrchError {
  return new OrchError('BadRequest', 'the body is not an object in Kubernetes protobuf encoding');
}
