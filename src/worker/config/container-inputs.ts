import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/json.js';

/** Values for one container, as JSON can hold them. Never logged, reported or put into a message. */
export interface ContainerInputs {
  env: { name: string; value: string }[];
  /** By the place that a volume is mounted at. */
  files?: InputFiles[];
  /** The values among them that are of Secrets: for maskSecrets. */
  secrets?: string[];
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
