import type { Command } from 'commander';
import type { Cli } from './cli.js';

/** Adds arguments, options, examples and the action of one verb to its command. */
type DefineVerb = (command: Command, cli: Cli) => void;

/**
 * A verb is loaded when it is asked for: help and one verb must not wait for all others. What takes time and is needed in
 * some cases only (schema validation, YAML, the informer, WebSockets) each imports when it comes to that.
 */
interface Verb {
  name: string;
  summary: string;
  group: string;
  define: () => Promise<DefineVerb>;
}

const running = 'Run orch:';
const declare = 'Say what you want:';
const look = 'Look:';
const act = 'Act on tasks, deployments and nodes:';
const safe = 'Keep it safe:';
const own = 'This command line:';

/** All verbs, in the order in which help lists them. */
export const verbs: readonly Verb[] = [
  {
    name: 'up',
    summary: 'run a manager and a worker on this machine',
    group: running,
    define: async () => (await import('./up.js')).defineUp,
  },
  {
    name: 'manager',
    summary: 'run a manager',
    group: running,
    define: async () => (await import('./manager.js')).defineManager,
  },
  {
    name: 'worker',
    summary: 'run a worker that joins a manager',
    group: running,
    define: async () => (await import('./worker.js')).defineWorker,
  },
  {
    name: 'apply',
    summary: 'make the cluster be as manifests say',
    group: declare,
    define: async () => (await import('./apply.js')).defineApply,
  },
  {
    name: 'diff',
    summary: 'show what apply would change',
    group: declare,
    define: async () => (await import('./diff.js')).defineDiff,
  },
  {
    name: 'delete',
    summary: 'delete objects, and wait until they are gone',
    group: declare,
    define: async () => (await import('./delete.js')).defineDelete,
  },
  { name: 'get', summary: 'list objects', group: look, define: async () => (await import('./get.js')).defineGet },
  {
    name: 'describe',
    summary: 'show objects in full, with their events',
    group: look,
    define: async () => (await import('./describe.js')).defineDescribe,
  },
  {
    name: 'logs',
    summary: "print a task's output",
    group: look,
    define: async () => (await import('./logs.js')).defineLogs,
  },
  {
    name: 'events',
    summary: 'list what happened',
    group: look,
    define: async () => (await import('./events.js')).defineEvents,
  },
  {
    name: 'top',
    summary: 'show what nodes and tasks use',
    group: look,
    define: async () => (await import('./top.js')).defineTop,
  },
  {
    name: 'explain',
    summary: 'say what the fields of a kind mean',
    group: look,
    define: async () => (await import('./explain.js')).defineExplain,
  },
  {
    name: 'wait',
    summary: 'wait until something is so',
    group: look,
    define: async () => (await import('./wait.js')).defineWait,
  },
  {
    name: 'exec',
    summary: "run a command in a task's container",
    group: act,
    define: async () => (await import('./exec.js')).defineExec,
  },
  {
    name: 'stop',
    summary: 'stop tasks and keep them',
    group: act,
    define: async () => (await import('./stop.js')).defineStop,
  },
  {
    name: 'start',
    summary: 'start tasks that were stopped',
    group: act,
    define: async () => (await import('./start.js')).defineStart,
  },
  {
    name: 'scale',
    summary: 'say how many tasks a deployment is to have',
    group: act,
    define: async () => (await import('./scale.js')).defineScale,
  },
  {
    name: 'rollout',
    summary: 'follow, undo, restart, pause or resume deployments',
    group: act,
    define: async () => (await import('./rollout.js')).defineRollout,
  },
  {
    name: 'label',
    summary: 'set and remove labels of objects',
    group: act,
    define: async () => (await import('./label.js')).defineLabel,
  },
  {
    name: 'annotate',
    summary: 'set and remove annotations of objects',
    group: act,
    define: async () => (await import('./label.js')).defineAnnotate,
  },
  {
    name: 'patch',
    summary: 'change fields of objects',
    group: act,
    define: async () => (await import('./patch.js')).definePatch,
  },
  {
    name: 'set',
    summary: 'give a task or deployment another image',
    group: act,
    define: async () => (await import('./set.js')).defineSet,
  },
  {
    name: 'taint',
    summary: 'keep tasks away from nodes, unless they tolerate it',
    group: act,
    define: async () => (await import('./taint.js')).defineTaint,
  },
  {
    name: 'cordon',
    summary: 'let no new task be placed on nodes',
    group: act,
    define: async () => (await import('./cordon.js')).defineCordon,
  },
  {
    name: 'uncordon',
    summary: 'let tasks be placed on nodes again',
    group: act,
    define: async () => (await import('./uncordon.js')).defineUncordon,
  },
  {
    name: 'drain',
    summary: 'move all tasks away from nodes',
    group: act,
    define: async () => (await import('./drain.js')).defineDrain,
  },
  {
    name: 'token',
    summary: 'create, list or delete the tokens that workers join with',
    group: safe,
    define: async () => (await import('./token.js')).defineToken,
  },
  {
    name: 'backup',
    summary: 'save everything the manager stores into a file',
    group: safe,
    define: async () => (await import('./backup.js')).defineBackup,
  },
  {
    name: 'restore',
    summary: 'fill an empty data folder from a backup',
    group: safe,
    define: async () => (await import('./restore.js')).defineRestore,
  },
  {
    name: 'accept-restore',
    summary: 'let workers stop what a restored store does not know',
    group: safe,
    define: async () => (await import('./accept-restore.js')).defineAcceptRestore,
  },
  {
    name: 'config',
    summary: 'show which manager is used',
    group: own,
    define: async () => (await import('./config.js')).defineConfig,
  },
  {
    name: 'version',
    summary: 'print the versions of this command and of the manager',
    group: own,
    define: async () => (await import('./version.js')).defineVersion,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    group: own,
    define: async () => (await import('./completion.js')).defineCompletion,
  },
];
