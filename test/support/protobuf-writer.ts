/** Bytes as Kubernetes' clients in Go write them: fields in order, zeros and empty texts among them. */
type Value = number | string | boolean | Buffer | readonly Buffer[] | Readonly<Record<string, Buffer>>;

/** `{1: 'a', 2: 7, 3: message({...}), 4: [message, message], 5: {key: bytes}}`: texts, numbers, messages, lists and maps. */
export function message(fields: Readonly<Record<number, Value>>): Buffer {
  return Buffer.concat(Object.entries(fields).map(([number, value]) => field(Number(number), value)));
}

/** A whole body: the object of a kind in Kubernetes' envelope. */
export function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = message({ 1: apiVersion, 2: kind });
  return Buffer.concat([Buffer.from('k8s\0'), message({ 1: typeMeta, 2: raw, 3: '', 4: '' })]);
}

function field(number: number, value: Value): Buffer {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return Buffer.concat([varint(number * 8), varint(Number(value))]);
  }
  if (Array.isArray(value)) return Buffer.concat((value as Buffer[]).map((item) => field(number, item)));
  if (typeof value === 'string' || Buffer.isBuffer(value)) {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
  }
  return Buffer.concat(Object.entries(value).map(([key, item]) => field(number, message({ 1: key, 2: item }))));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? byte + 128 : byte);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
