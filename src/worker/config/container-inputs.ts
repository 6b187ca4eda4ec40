import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/json.js';
import type { StoredTask } from '../../model/task.js';

/** Values for one container, as JSON can hold them. Never logged, reported or put into a message. */
export interface ContainerInputs {
  env: { name: string; value: string }[];
  /** By the place that a volume is mounted at. */
  files?: InputFiles[];
  /** The values among them that are of Secrets: no message may tell them. */
  secrets?: readonly string[];
  /** Values of Secrets are among them that are too long to be looked for. */
  lacksSecrets?: true;
}

/** Values of Secrets, or the lines of a long one. */
export interface SecretTexts {
  texts: readonly string[];
  /** Whether nothing of a Secret can be quoted that is not among them. */
  isWhole: boolean;
}

/** What of these inputs no message may tell. Of inputs that an older version remembered: whatever is not plain in the spec. */
export function secretsOf(task: StoredTask | undefined, inputs: ContainerInputs): SecretTexts {
  if (inputs.secrets ?? inputs.lacksSecrets) return { texts: inputs.secrets ?? [], isWhole: !inputs.lacksSecrets };
  const plain = new Set((task?.spec.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [name])));
  return { texts: inputs.env.filter(({ name }) => !plain.has(name)).map(({ value }) => value), isWhole: true };
}

/** The part of a container's inputs that secretsOf reads. */
export function secretInputs({ texts, isWhole }: SecretTexts): Pick<ContainerInputs, 'secrets' | 'lacksSecrets'> {
  return { ...(texts.length > 0 ? { secrets: texts } : {}), ...(isWhole ? {} : { lacksSecrets: true }) };
}

export interface InputFiles {
  target: string;
  files: { path: string; mode: number; base64: string }[];
}

/** Fingerprints of the files, by their place. */
export type FileHashes = Record<string, string>;

export function fileHashesOf(files: readonly InputFiles[]): FileHashes {
  return Object.fromEntries(
    files.map(({ target, files: inside }): [string, string] => [
      target,
      createHash('sha256').update(canonicalJson(inside)).digest('hex').slice(0, 16),
    ]),
  );
}
