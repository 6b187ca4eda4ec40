import { OrchError } from '../support/errors.js';

/** A field of a protobuf message: a number for varints, bytes for everything with a length. */
export interface ProtobufField {
  number: number;
  value: number | Buffer;
}

/** The fields of one message, in their order. Throws BadRequest for bytes that are no message. Linear. */
export function readFields(bytes: Buffer): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 2 ** 63) throw malformed();
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
      throw malformed(); // Kubernetes' objects have no other wire types
    }
  }
  return fields;
}

export function malformed(): OrchError {
  return new OrchError('BadRequest', 'the body is not an object in Kubernetes protobuf encoding');
}
