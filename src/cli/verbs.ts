import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { defineAcceptRestore } from './accept-restore.js';
import { defineApply } from './apply.js';
import { defineBackup } from './backup.js';
import { defineCompletion } from './completion.js';
import { defineConfig } from './config.js';
import { defineCordon } from './cordon.js';
import { defineDelete } from './delete.js';
import { defineDescribe } from './describe.js';
import { defineDiff } from './diff.js';
import { defineDrain } from './drain.js';
import { defineEvents } from './events.js';
import { defineExec } from './exec.js';
import { defineExplain } from './explain.js';
import { defineGet } from './get.js';
import { defineLogs } from './logs.js';
import { defineManager } from './manager.js';
import { defineRestore } from './restore.js';
import { defineRollout } from './rollout.js';
import { defineScale } from './scale.js';
import { defineStart } from './start.js';
import { defineStop } from './stop.js';
import { defineTop } from './top.js';
import { defineUncordon } from './uncordon.js';
import { defineUp } from './up.js';
import { defineVersion } from './version.js';
import { defineWait } from './wait.js';
import { defineWorker } from './worker.js';

/** Adds arguments, options, examples and the action of one verb to its command. */
type DefineVerb = (command: Command, cli: Cli) => void;

/**
 * What is needed by some verbs only and takes time to load (schema validation, YAML, the informer, WebSockets, TLS) is
 * imported within them, when it is needed. The verbs themselves are small and stay
 * together.
 */
interface Verb {
  name: string;
  summary: string;
  group: string;
  define: DefineVerb;
}

const running = 'Run orch:';
const declare = 'Say what you want:';
const look = 'Look:';
const act = 'Act on tasks, deployments and nodes:';
const safe = 'Keep it safe:';
const own = 'This command line:';

/** All verbs, in the order in which help lists them. */
export const verbs: readonly Verb[] = [
  { name: 'up', summary: 'run a manager and a worker on this machine', group: running, define: defineUp },
  { name: 'manager', summary: 'run a manager', group: running, define: defineManager },
  { name: 'worker', summary: 'run a worker that joins a manager', group: running, define: defineWorker },
  { name: 'apply', summary: 'make the cluster be as manifests say', group: declare, define: defineApply },
  { name: 'diff', summary: 'show what apply would change', group: declare, define: defineDiff },
  { name: 'delete', summary: 'delete objects, and wait until they are gone', group: declare, define: defineDelete },
  { name: 'get', summary: 'list objects', group: look, define: defineGet },
  { name: 'describe', summary: 'show objects in full, with their events', group: look, define: defineDescribe },
  { name: 'logs', summary: "print a task's output", group: look, define: defineLogs },
  { name: 'events', summary: 'list what happened', group: look, define: defineEvents },
  { name: 'top', summary: 'show what nodes and tasks use', group: look, define: defineTop },
  { name: 'explain', summary: 'say what the fields of a kind mean', group: look, define: defineExplain },
  { name: 'wait', summary: 'wait until something is so', group: look, define: defineWait },
  { name: 'exec', summary: "run a command in a task's container", group: act, define: defineExec },
  { name: 'stop', summary: 'stop tasks and keep them', group: act, define: defineStop },
  { name: 'start', summary: 'start tasks that were stopped', group: act, define: defineStart },
  { name: 'scale', summary: 'say how many tasks a deployment is to have', group: act, define: defineScale },
  { name: 'rollout', summary: 'follow, restart, pause or resume deployments', group: act, define: defineRollout },
  { name: 'cordon', summary: 'let no new task be placed on nodes', group: act, define: defineCordon },
  { name: 'uncordon', summary: 'let tasks be placed on nodes again', group: act, define: defineUncordon },
  { name: 'drain', summary: 'move all tasks away from nodes', group: act, define: defineDrain },
  { name: 'backup', summary: 'save everything the manager stores into a file', group: safe, define: defineBackup },
  { name: 'restore', summary: 'fill an empty data folder from a backup', group: safe, define: defineRestore },
  {
    name: 'accept-restore',
    summary: 'let workers stop what a restored store does not know',
    group: safe,
    define: defineAcceptRestore,
  },
  { name: 'config', summary: 'show which manager is used', group: own, define: defineConfig },
  {
    name: 'version',
    summary: 'print the versions of this command and of the manager',
    group: own,
    define: defineVersion,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    group: own,
    define: defineCompletion,
  },
];
