import type { DefineVerb, Operands, Verb } from './verb.js';

type Row = [name: string, summary: string, define: () => Promise<DefineVerb>, operands?: Operands];

/** The one list of all verbs, in the order in which help shows them, by what they are for. */
export const verbs: readonly Verb[] = [
  ...group('Run orch:', [
    ['up', 'run a manager and a worker on this machine', async () => (await import('./up.js')).defineUp],
    ['manager', 'run a manager', async () => (await import('./manager.js')).defineManager],
    ['worker', 'run a worker that joins a manager', async () => (await import('./worker.js')).defineWorker],
  ]),
  ...group('Manifests:', [
    ['apply', 'create and update objects from manifests', async () => (await import('./apply.js')).defineApply],
    ['diff', 'show what apply would change', async () => (await import('./diff.js')).defineDiff],
    [
      'delete',
      'delete objects, and wait until they are gone',
      async () => (await import('./delete.js')).defineDelete,
      { names: 'kinds' },
    ],
  ]),
  ...group('Inspect:', [
    ['get', 'list objects', async () => (await import('./get.js')).defineGet, { names: 'kinds' }],
    [
      'describe',
      'show objects in full, with their events',
      async () => (await import('./describe.js')).defineDescribe,
      { names: 'kinds' },
    ],
    ['logs', 'print the logs of a task', async () => (await import('./logs.js')).defineLogs, { names: 'containers' }],
    ['events', 'list events', async () => (await import('./events.js')).defineEvents],
    [
      'top',
      'show what nodes and tasks use',
      async () => (await import('./top.js')).defineTop,
      { words: ['nodes', 'tasks'] },
    ],
    [
      'explain',
      'explain the fields of a kind',
      async () => (await import('./explain.js')).defineExplain,
      { names: 'kinds' },
    ],
    ['wait', 'wait for a condition of objects', async () => (await import('./wait.js')).defineWait, { names: 'kinds' }],
  ]),
  ...group('Containers:', [
    ['run', 'run an image as a task', async () => (await import('./run.js')).defineRun],
    [
      'exec',
      'run a command in a container',
      async () => (await import('./exec.js')).defineExec,
      { names: 'containers' },
    ],
    [
      'attach',
      'attach to the program of a container',
      async () => (await import('./attach.js')).defineAttach,
      { names: 'containers' },
    ],
    ['cp', 'copy files to and from a container', async () => (await import('./cp.js')).defineCp],
    [
      'port-forward',
      'forward local ports to a container',
      async () => (await import('./port-forward.js')).definePortForward,
      { names: 'containers' },
    ],
  ]),
  ...group('Change objects:', [
    ['edit', 'change an object in an editor', async () => (await import('./edit.js')).defineEdit, { names: 'kinds' }],
    ['patch', 'change fields of objects', async () => (await import('./patch.js')).definePatch, { names: 'kinds' }],
    [
      'set',
      'change the image of tasks and deployments',
      async () => (await import('./set.js')).defineSet,
      { words: ['image'], names: 'images' },
    ],
    ['label', 'set and remove labels', async () => (await import('./label.js')).defineLabel, { names: 'kinds' }],
    [
      'annotate',
      'set and remove annotations',
      async () => (await import('./label.js')).defineAnnotate,
      { names: 'kinds' },
    ],
  ]),
  ...group('Operate:', [
    ['stop', 'stop tasks and keep them', async () => (await import('./stop.js')).defineStop, { names: 'tasks' }],
    ['start', 'start stopped tasks', async () => (await import('./start.js')).defineStart, { names: 'tasks' }],
    [
      'scale',
      'set the number of tasks of a deployment',
      async () => (await import('./scale.js')).defineScale,
      { names: 'deployments' },
    ],
    [
      'rollout',
      'follow, undo, restart, pause or resume rollouts of deployments',
      async () => (await import('./rollout.js')).defineRollout,
      { words: ['status', 'history', 'undo', 'restart', 'pause', 'resume'], names: 'deployments' },
    ],
  ]),
  ...group('Nodes:', [
    [
      'token',
      'create, list and delete join tokens of workers',
      async () => (await import('./token.js')).defineToken,
      { words: ['create', 'list', 'delete'] },
    ],
    ['taint', 'set and remove taints', async () => (await import('./taint.js')).defineTaint, { names: 'nodes' }],
    [
      'cordon',
      'mark nodes as unschedulable',
      async () => (await import('./cordon.js')).defineCordon,
      { names: 'nodes' },
    ],
    [
      'uncordon',
      'mark nodes as schedulable',
      async () => (await import('./uncordon.js')).defineUncordon,
      { names: 'nodes' },
    ],
    ['drain', 'evict all tasks from nodes', async () => (await import('./drain.js')).defineDrain, { names: 'nodes' }],
  ]),
  ...group('Backup:', [
    [
      'backup',
      'save everything the manager stores into a file',
      async () => (await import('./backup.js')).defineBackup,
    ],
    ['restore', 'fill an empty data folder from a backup', async () => (await import('./restore.js')).defineRestore],
    [
      'accept-restore',
      'let workers stop what a restored store does not know',
      async () => (await import('./accept-restore.js')).defineAcceptRestore,
      { names: 'nodes' },
    ],
  ]),
  ...group('This command:', [
    [
      'config',
      'show which manager is used',
      async () => (await import('./config.js')).defineConfig,
      { words: ['path', 'view', 'current'] },
    ],
    [
      'version',
      'print the versions of this command and of the manager',
      async () => (await import('./version.js')).defineVersion,
    ],
    [
      'completion',
      'print a completion script for bash, zsh or fish',
      async () => (await import('./completion.js')).defineCompletion,
      { words: ['bash', 'zsh', 'fish'] },
    ],
  ]),
];

function group(heading: string, rows: readonly Row[]): Verb[] {
  return rows.map(([name, summary, define, operands = {}]) => ({ name, summary, group: heading, operands, define }));
}
