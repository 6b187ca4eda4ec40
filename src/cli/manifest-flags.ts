import type { Command } from 'commander';
import type { ApiObject, ObjectKey } from '../model/api-object.js';
import type { Kind } from '../model/kind.js';
import { collect } from './collect.js';

/** Flags of the verbs that read manifests. */
export interface ManifestFlags {
  filename?: string[];
  recursive?: boolean;
}

/** A manifest with the place it came from and the key under which it is stored. */
export interface InputObject {
  kind: Kind;
  key: ObjectKey;
  object: ApiObject;
  /** file:line, for messages. */
  place: string;
}

export function addManifestFlags(command: Command): Command {
  return command
    .option(
      '-f, --filename <path>',
      'a file or folder with manifests, or - for standard input; may be repeated',
      collect,
    )
    .option('-R, --recursive', 'with the folders within');
}
