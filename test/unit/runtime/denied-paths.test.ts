import { mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deniedPaths, judgePath, realPathOf } from '../../../src/runtime/docker/denied-paths.js';

const denied = deniedPaths(['/srv/orch', '/srv/engine.sock']);
const judge = (real: string, ...allowed: string[]): string | undefined => judgePath(real, real, { allowed, denied });

it.each([
  ...['/run/orch', '/run/orch/abc/container/0', '/run/containerd/containerd.sock', '/run/docker.sock', '/run/docker'],
  ...[
    '/run',
    '/var/run',
    '/var/lib/docker/volumes/x',
    '/var/lib',
    '/var',
    '/srv/orch/pki',
    '/srv/engine.sock',
    '/srv',
    '/',
  ],
])('gives nobody %s, whatever is allowed', (path) => {
  expect(judge(path, '/')).toContain("is the engine's or orch's own");
  expect(judge(path, path, '/run', '/var/run')).toContain("is the engine's or orch's own");
});

it('gives what lies beside', () => {
  for (const path of ['/run/app', '/run/orchard', '/run/docker.sock.d', '/var/lib/app', '/srv/data']) {
    expect([path, judge(path, '/')]).toEqual([path, undefined]);
  }
  expect(judge('/srv/data', '/srv/dat')).toContain('not in a folder that this worker allows');
});

it.each(['/proc', '/proc/1/root', '/sys', '/sys/fs/cgroup', '/run/systemd/private', '/run/dbus/system_bus_socket'])(
  'gives %s to whoever names it, not with a folder above it',
  (path) => {
    expect(judge(path, '/', '/run')).toContain('must be allowed by its own name');
    expect(judge(path, path)).toBeUndefined();
    expect(judge(path, '/', '/proc', '/sys', '/run/systemd', '/run/dbus')).toBeUndefined();
  },
);

it('follows links as far as there is something', async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'orch-paths-')));
  try {
    await symlink(folder, join(folder, 'link'));
    expect(await realPathOf(join(folder, 'link/not/there'))).toBe(join(folder, 'not/there'));
    expect(await realPathOf(join(folder, 'link'))).toBe(folder);
    expect(await realPathOf('/')).toBe('/');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
