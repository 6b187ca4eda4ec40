import { describe, expect, it } from 'vitest';
import { isAllowedVolume, isNameOfEmptyDir, reachOf } from '../../../src/runtime/docker/volume-access.js';
import { volumeName } from '../../../src/worker/container-name.js';

const rules = { clusterUid: 'mine', allowed: ['shared'] };

describe('a volume of the engine', () => {
  it('may be mounted if orch made it for this cluster, or if it is allowed by name', () => {
    expect(isAllowedVolume({ Name: 'a', Labels: { 'orch.dev/cluster-uid': 'mine' } }, rules)).toBe(true);
    expect(isAllowedVolume({ Name: 'a', Labels: { 'orch.dev/cluster-uid': 'another' } }, rules)).toBe(false);
    expect(isAllowedVolume({ Name: 'a', Labels: null }, rules)).toBe(false);
    expect(isAllowedVolume({ Name: 'shared', Labels: null }, rules)).toBe(true);
  });

  it('may not be called as the emptyDir of a task', () => {
    const owner = { taskKey: 'default/web', taskUid: 'uid', nodeName: 'n1', volume: 'scratch' };
    expect(isNameOfEmptyDir(volumeName(owner))).toBe(true);
    expect(isNameOfEmptyDir(volumeName({ ...owner, taskKey: `default/${'w'.repeat(200)}` }))).toBe(true);
    for (const name of ['orch-data', 'shop', 'orch-shop-0123456789', 'my-orch-shop-0123456789ab']) {
      expect(isNameOfEmptyDir(name), name).toBe(false);
    }
  });

  it.each([
    ['plain', { Driver: 'local', Options: null }, {}],
    ['with a quota', { Driver: 'local', Options: { size: '1g' } }, {}],
    ['bound to a folder', { Driver: 'local', Options: { type: 'none', o: 'bind', device: '/etc' } }, { path: '/etc' }],
    ['bound without saying so', { Options: { o: 'rbind,ro', device: '/etc' } }, { path: '/etc' }],
    ['on a disk', { Driver: 'local', Options: { type: 'ext4', device: '/dev/sda1' } }, { path: '/dev/sda1' }],
    ['of another machine', { Driver: 'local', Options: { type: 'nfs', o: 'addr=10.0.0.1', device: ':/export' } }, {}],
    ['of a share', { Driver: 'local', Options: { type: 'cifs', device: '//host/share' } }, {}],
    ['in memory', { Driver: 'local', Options: { type: 'tmpfs', device: 'tmpfs' } }, {}],
    ['in memory of a size', { Driver: 'local', Options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,ro' } }, {}],
    ['bound as memory', { Options: { type: 'tmpfs', o: 'size=1m,bind', device: '/etc' } }, { path: '/etc' }],
    ['bound as a share', { Options: { type: 'nfs', o: 'addr=10.0.0.1, rbind', device: '/etc' } }, { path: '/etc' }],
    ['bound as a disk', { Options: { type: 'ext4', o: 'ro,bind', device: '/etc' } }, { path: '/etc' }],
    ['of a plugin', { Driver: 'rexray', Options: { device: '/etc' } }, {}],
  ])('%s shows of the machine what its options say', (_what, volume, reach) => {
    expect(reachOf({ Name: 'v', ...volume })).toEqual(reach);
  });

  it.each<Record<string, string>>([
    { type: 'overlay', device: 'overlay', o: 'lowerdir=/etc,upperdir=/a,workdir=/b' },
    { type: 'overlay', device: '/allowed', o: 'lowerdir=/etc,upperdir=/a,workdir=/b' },
    { type: 'none', device: '/allowed' },
    { type: 'proc', device: 'proc' },
    { type: 'tmpfs', device: 'etc', o: 'bind' },
    { device: '/allowed' },
  ])('is refused when no path tells what it shows: %j', (Options) => {
    expect(reachOf({ Name: 'v', Driver: 'local', Options }).unjudged).toContain(`device=${Options['device']}`);
  });
});
