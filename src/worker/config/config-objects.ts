import type { ConfigMap } from '../../model/config-map.js';
import type { ConfigReference } from '../../model/config-references.js';
import { configReferences, referenceKey } from '../../model/config-references.js';
import type { Secret } from '../../model/secret.js';
import { leastLineLength } from '../../model/mask-values.js';
import type { StoredTask } from '../../model/task.js';
import type { SecretTexts } from './container-inputs.js';

/** The objects that a task names, as the manager has them; what is not among them does not exist. By referenceKey. */
export type ConfigObjects = ReadonlyMap<string, ConfigMap | Secret>;

/**
 * The values of an object as bytes, by key; undefined when it does not exist. `binaryData` of a ConfigMap is for files
 * only, as in Kubernetes. Pure.
 */
export function valuesOf(
  objects: ConfigObjects,
  reference: ConfigReference,
  use: 'environment' | 'files',
): ReadonlyMap<string, Buffer> | undefined {
  const object = objects.get(referenceKey(reference));
  if (!object) return undefined;
  const encoding = reference.kind === 'Secret' ? 'base64' : 'utf8';
  const data = decoded(object.data, encoding);
  return use === 'files' && 'binaryData' in object
    ? new Map([...data, ...decoded(object.binaryData, 'base64')])
    : new Map(data);
}

/** No message of an engine or a probe is as long: of what is longer it holds a piece. */
const longestToldText = 16 * 1024;

/** Every value of the Secrets that a task names, as text, each once: a long one by its lines. Pure. */
export function secretTexts({ spec }: StoredTask, objects: ConfigObjects): SecretTexts {
  const secrets = configReferences(spec).filter(({ kind }) => kind === 'Secret');
  const values = secrets.flatMap((reference) => [...(valuesOf(objects, reference, 'files')?.values() ?? [])]);
  const texts = values.flatMap((bytes) => {
    const text = bytes.toString('utf8');
    return text.length <= longestToldText
      ? [text]
      : text.split(/\r?\n/).filter((line) => line.length >= leastLineLength);
  });
  const told = new Set(texts.filter((text) => text !== '' && text.length <= longestToldText));
  return { texts: [...told], isWhole: texts.every((text) => text.length <= longestToldText) };
}

function decoded(values: Readonly<Record<string, string>> | undefined, encoding: BufferEncoding): [string, Buffer][] {
  return Object.entries(values ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]);
}
