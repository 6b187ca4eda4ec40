// `npm run quickstart`: from a bare clone to tasks running in real containers, with nothing left to guess.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build, checkNode, ensureBusybox, ensureEngine, ensurePackages, giveUp, root, run, say } from './setup.mjs';

const data = process.env.ORCH_DATA ?? join(root, '.orch/quickstart');
const config = join(data, 'kubeconfig');
const log = join(data, 'orch.log');
const orch = join(root, 'dist/orch.js');
const env = { ...process.env, ORCH_CONFIG: config };

checkNode();
ensurePackages();
await ensureEngine();
ensureBusybox();
build();

const answers = () => existsSync(config) && spawnSync(orch, ['get', 'nodes'], { env, timeout: 10_000 }).status === 0;
mkdirSync(data, { recursive: true, mode: 0o700 });
if (answers()) say('orch is up already');
else {
  say('starting orch (a manager and a worker)');
  const out = openSync(log, 'a', 0o600);
  // The folder of the README's tour.
  const args = [
    'up',
    '--data',
    data,
    '--allow-source-path',
    join(root, '.orch/shop'),
    ...(process.env.ORCH_PORT ? ['--port', process.env.ORCH_PORT] : []),
  ];
  const child = spawn(orch, args, { detached: true, stdio: ['ignore', out, out] });
  child.unref();
  let ended = false;
  child.on('exit', () => (ended = true));
  for (let waited = 0; waited < 60 && !ended && !answers(); waited += 1) await sleep(500);
  if (!answers())
    giveUp(`orch did not come up. The end of ${log}:\n${readFileSync(log, 'utf8').split('\n').slice(-15).join('\n')}`);
}

show(['apply', '-f', 'manifests/', '--wait', '--timeout', '120s'], 'The tasks did not get running: see above.');
show(['get', 'tasks', '-o', 'wide'], 'orch get failed.');
say('docker ps --filter label=orch.dev/task');
run('docker', [
  'ps',
  '--filter',
  'label=orch.dev/task',
  '--format',
  'table {{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}',
]);

say('curl http://127.0.0.1:18080/');
let answer;
for (let waited = 0; waited < 20 && answer === undefined; waited += 1) {
  answer = await fetch('http://127.0.0.1:18080/').then(
    (response) => response.text(),
    () => undefined,
  );
  if (answer === undefined) await sleep(500);
}
if (answer === undefined) giveUp('The web task does not answer on port 18080.');
process.stdout.write(answer);

const pid = readFileSync(join(data, 'orch.pid'), 'utf8').split('\n')[0];
process.stdout.write(`
orch is up in the background; its log is ${log}.

  export ORCH_CONFIG=${config}
  alias orch=${orch}
  orch get tasks                  # or: kubectl --kubeconfig $ORCH_CONFIG get tasks
  docker rm -f $(docker ps -q --filter label=orch.dev/task=default/web)   # and watch it come back

To stop:
  orch delete -f manifests/       # removes the tasks and their containers
  kill ${pid}                     # stops orch; tasks not deleted keep running
`);

function show(args, otherwise) {
  say(`orch ${args.join(' ')}`);
  if (!run(orch, args, { env })) giveUp(otherwise);
}
