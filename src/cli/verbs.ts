import type { Command } from 'commander';
import type { Cli } from './cli.js';

/** Adds arguments, options, examples and the action of one verb to its command. */
export type DefineVerb = (command: Command, cli: Cli) => void;

export interface Verb {
  name: string;
  summary: string;
  group: string;
  /** Loaded only when the verb is used: starting should cost nothing that a command does not need. */
  load: () => Promise<DefineVerb>;
}

const running = 'Run orch:';
const declare = 'Say what you want:';
const look = 'Look:';
const act = 'Act on tasks and nodes:';
const own = 'This command line:';

/** All verbs, in the order in which help lists them. */
export const verbs: readonly Verb[] = [
  {
    name: 'up',
    summary: 'run a manager and a worker on this machine',
    group: running,
    load: async () => (await import('./up.js')).defineUp,
  },
  {
    name: 'manager',
    summary: 'run a manager',
    group: running,
    load: async () => (await import('./manager.js')).defineManager,
  },
  {
    name: 'worker',
    summary: 'run a worker that joins a manager',
    group: running,
    load: async () => (await import('./worker.js')).defineWorker,
  },
  {
    name: 'apply',
    summary: 'make the cluster be as manifests say',
    group: declare,
    load: async () => (await import('./apply.js')).defineApply,
  },
  {
    name: 'diff',
    summary: 'show what apply would change',
    group: declare,
    load: async () => (await import('./diff.js')).defineDiff,
  },
  {
    name: 'delete',
    summary: 'delete objects, and wait until they are gone',
    group: declare,
    load: async () => (await import('./delete.js')).defineDelete,
  },
  {
    name: 'get',
    summary: 'list objects',
    group: look,
    load: async () => (await import('./get.js')).defineGet,
  },
  {
    name: 'describe',
    summary: 'show objects in full, with their events',
    group: look,
    load: async () => (await import('./describe.js')).defineDescribe,
  },
  {
    name: 'logs',
    summary: "print a task's output",
    group: look,
    load: async () => (await import('./logs.js')).defineLogs,
  },
  {
    name: 'events',
    summary: 'list what happened',
    group: look,
    load: async () => (await import('./events.js')).defineEvents,
  },
  {
    name: 'wait',
    summary: 'wait until something is so',
    group: look,
    load: async () => (await import('./wait.js')).defineWait,
  },
  {
    name: 'exec',
    summary: "run a command in a task's container",
    group: act,
    load: async () => (await import('./exec.js')).defineExec,
  },
  {
    name: 'stop',
    summary: 'stop tasks and keep them',
    group: act,
    load: async () => (await import('./stop.js')).defineStop,
  },
  {
    name: 'start',
    summary: 'start tasks that were stopped',
    group: act,
    load: async () => (await import('./start.js')).defineStart,
  },
  {
    name: 'cordon',
    summary: 'let no new task be placed on nodes',
    group: act,
    load: async () => (await import('./cordon.js')).defineCordon,
  },
  {
    name: 'uncordon',
    summary: 'let tasks be placed on nodes again',
    group: act,
    load: async () => (await import('./uncordon.js')).defineUncordon,
  },
  {
    name: 'config',
    summary: 'show which manager is used',
    group: own,
    load: async () => (await import('./config.js')).defineConfig,
  },
  {
    name: 'version',
    summary: 'print the versions of this command and of the manager',
    group: own,
    load: async () => (await import('./version.js')).defineVersion,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    group: own,
    load: async () => (await import('./completion.js')).defineCompletion,
  },
];
