import type { Command } from 'commander';
import type { Cli } from './cli.js';

/** Adds arguments, options, examples and the action of one verb to its command. `verbs`: all there are. */
export type DefineVerb = (command: Command, cli: Cli, verbs: readonly Verb[]) => void;

/** What the words after a verb are, for the shells' completion. */
export interface Operands {
  /** The first word is one of these. */
  words?: readonly string[];
  /**
   * Then names: of any kind (KIND NAME or KIND/NAME), of what has a container (NAME or deployment/NAME), of what has an image (KIND/NAME), or of
   * one kind.
   */
  names?: 'kinds' | 'containers' | 'images' | 'tasks' | 'deployments' | 'nodes';
}

/**
 * A verb is loaded when it is asked for: help and one verb must not wait for all others. What takes time and is needed in
 * some cases only (schema validation, YAML, the informer, WebSockets) each imports when it comes to that.
 */
export interface Verb {
  name: string;
  summary: string;
  group: string;
  operands: Operands;
  define: () => Promise<DefineVerb>;
}
