/** How the fields of a message of Kubernetes' published generated.proto files become members of a JSON object. */
export type FieldType =
  /** Go writes empty ones, 0 and false for absent ones, so those are absent. `...?` is a pointer in Go: always meant. */
  | 'string'
  | 'integer'
  | 'boolean'
  | 'integer?'
  | 'boolean?'
  | 'strings'
  | 'stringMap'
  | 'bytesMap'
  /** A map to amounts like `500m`. */
  | 'quantities'
  /** A number or a text, such as a port or a percentage. */
  | 'integerOrString'
  | 'time'
  /** A time in microseconds, as Go's MicroTime. */
  | 'microTime'
  | { message: Message }
  | { messages: Message }
  /** A message whose members are the owner's in JSON. */
  | { inline: Message }
  /** What the server fills in itself (status, timestamps): passed over. */
  | 'ignored'
  /** Not read: refused when there is something in it, as is every field that a message does not list. */
  | 'unread';

export type Message = Readonly<Record<number, readonly [name: string, type: FieldType]>>;

/** `'8 resources, 9 volumeMounts'`: fields of these numbers and names, all of this type. */
export function fieldsOf(type: FieldType, list: string): Message {
  const fields = list.split(', ').map((field) => field.split(' '));
  return Object.fromEntries(fields.map(([number = '', name = '']) => [number, [name, type] as const]));
}
