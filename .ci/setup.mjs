// What a bare machine lacks, installed once: npm packages, a Docker Engine, an image to run. Uses Node's own modules only,
// as it runs before anything is installed. Every step first looks whether it is needed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  cpSync,
  mkdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const root = new URL('..', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;

/** A line of progress. */
export function say(text) {
  process.stdout.write(`==> ${text}\n`);
}

/** Stops with a sentence for people instead of a stack. */
export function giveUp(text) {
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}

/** Runs a command to its end, its output passed on; false when it failed. */
export function run(command, args, options = {}) {
  return spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options }).status === 0;
}

function quietly(command, args, options = {}) {
  return spawnSync(command, args, { encoding: 'utf8', timeout: 20_000, cwd: root, ...options });
}

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) giveUp(`orch needs Node 20.19 or newer; this is ${process.version}.`);
}

export function ensurePackages() {
  const stamp = join(root, 'node_modules', '.orch-lock-hash');
  const hash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  say('installing npm packages');
  if (!run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])) giveUp('npm ci failed: see above.');
  writeFileSync(stamp, hash);
}

const answers = () => quietly('docker', ['version', '--format', '{{.Server.Version}}']).status === 0;

export async function ensureEngine() {
  if (answers()) return;
  if (!isRoot) {
    giveUp(
      'No Docker Engine answers, and installing or starting one needs root. Either\n' +
        '  - start yours (sudo systemctl start docker) and see that this user may use it (docker info), or\n' +
        '  - run this command as root on Debian or Ubuntu: it installs docker.io.',
    );
  }
  if (quietly('sh', ['-c', 'command -v dockerd']).status !== 0) {
    say('installing a Docker Engine (docker.io)');
    aptInstall(['docker.io', 'iptables']);
  }
  if (answers()) return;
  say('starting the Docker Engine');
  const log = join(tmpdir(), 'orch-dockerd.log');
  if (existsSync('/run/systemd/system')) run('systemctl', ['start', 'docker']);
  else {
    const out = openSync(log, 'a');
    spawn('dockerd', [], { detached: true, stdio: ['ignore', out, out] }).unref();
  }
  for (let waited = 0; waited < 60 && !answers(); waited += 1) await sleep(1000);
  if (!answers()) giveUp(`The Docker Engine did not come up within 60 s: see ${log}.`);
}

/** What only tests need, by what shows that it is there: a second engine in a network namespace, another client library. */
const testTools = [
  { package: 'iproute2', probe: 'command -v ip' },
  { package: 'util-linux', probe: 'command -v nsenter' },
  { package: 'strace', probe: 'command -v strace' },
  // Its tests skip themselves, and say so, where nobody may install it.
  { package: 'python3-kubernetes', probe: '/usr/bin/python3 -c "import kubernetes"', optional: true },
];

export function ensureTestTools() {
  const missing = testTools.filter(({ probe }) => quietly('sh', ['-c', probe]).status !== 0);
  const namesOf = (tools) => tools.map((tool) => tool.package);
  const needed = namesOf(missing.filter(({ optional }) => !optional));
  const wished = namesOf(missing.filter(({ optional }) => optional));
  if (needed.length > 0 && !isRoot) giveUp(`The tests need ${needed.join(', ')}: install what is named.`);
  if (missing.length > 0 && isRoot) say(`installing what the tests need: ${namesOf(missing).join(', ')}`);
  if (needed.length > 0) aptInstall(needed);
  if (wished.length > 0 && !(isRoot && tryAptInstall(wished)))
    say(`without ${wished.join(', ')}: its tests are skipped`);
}

export function ensureBusybox() {
  if (quietly('docker', ['image', 'inspect', 'busybox:latest']).status === 0) return;
  say('getting the busybox image');
  if (quietly('docker', ['pull', '-q', 'busybox:latest'], { timeout: 30_000 }).status === 0) return;
  const candidates = ['/bin/busybox', '/usr/bin/busybox'];
  if (!candidates.some(existsSync)) {
    if (!isRoot)
      giveUp('busybox:latest cannot be pulled and there is no busybox to make it from: install busybox-static.');
    aptInstall(['busybox-static']);
  }
  const binary = candidates.find(existsSync);
  const folder = mkdtempSync(join(tmpdir(), 'orch-busybox-'));
  try {
    for (const directory of ['bin', 'tmp', 'etc', 'root', 'var']) mkdirSync(join(folder, directory));
    cpSync(binary, join(folder, 'bin/busybox'));
    const applets = quietly(binary, ['--list'])
      .stdout.split('\n')
      .filter((name) => name && name !== 'busybox');
    for (const name of applets) symlinkSync('busybox', join(folder, 'bin', name));
    writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    if (
      !run('sh', [
        '-c',
        'tar -C "$0" -c . | docker import -c "CMD [\\"sh\\"]" -c "ENV PATH=/bin" - busybox:latest >/dev/null',
        folder,
      ])
    ) {
      giveUp('docker import of busybox failed: see above.');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function aptInstall(packages) {
  if (!tryAptInstall(packages)) giveUp(`apt-get could not install ${packages.join(', ')}: see above.`);
}

function tryAptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = [
    '-c',
    'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null',
    'sh',
    ...packages,
  ];
  return run('sh', install, { env });
}

export function build() {
  say('building');
  if (!run(process.execPath, ['.ci/build.mjs'])) giveUp('The build failed: see above.');
}
