import { describe, expect, it, vi } from 'vitest';
import { strategicToMergePatch } from '../../../src/api/strategic-merge/strategic-merge.js';
import { deploymentKind } from '../../../src/model/deployment.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import type { Kind } from '../../../src/model/kind.js';
import { nodeKind } from '../../../src/model/node.js';
import { applyMergePatch } from '../../../src/registry/merge-patch.js';

const merged = (kind: Kind, patch: unknown, current: object = {}): JsonObject =>
  applyMergePatch(current as JsonObject, strategicToMergePatch(patch as JsonValue, current as JsonObject, kind));

const conditions = (...types: string[]): object[] => types.map((type) => ({ type, status: 'True' }));

/** Of the one container of a Deployment, and what the same patch makes of it. */
const deploymentWith = (container: object, more: object = {}): object => ({
  ...more,
  spec: { template: { spec: { containers: [{ name: 'c', ...container }] } } },
});
const containerOf = (object: JsonObject): JsonObject => {
  const { spec } = object as { spec: { template: { spec: { containers: JsonObject[] } } } };
  const [{ name: _, ...container } = {}] = spec.template.spec.containers;
  return container;
};
const mergedContainer = (current: object, patch: object): JsonObject =>
  containerOf(merged(deploymentKind, deploymentWith(patch), deploymentWith(current)));

describe('strategicToMergePatch', () => {
  it('says no more than what changes', () => {
    const current = { spec: { unschedulable: true }, metadata: { labels: { a: 'b', c: 'd' } } };
    const patch = { spec: { unschedulable: null, podCIDR: null }, metadata: { labels: { a: 'x', c: 'd' } } };
    expect(strategicToMergePatch(patch, current, nodeKind)).toEqual({
      spec: { unschedulable: null },
      metadata: { labels: { a: 'x' } },
    });
  });

  it('looks at every element of a long list a few times, not once for each element of the patch', () => {
    const many = (prefix: string): object[] =>
      conditions(...Array.from({ length: 1_000 }, (_, at) => `${prefix}${at}`));
    const list = vi.spyOn(Array.prototype, 'includes');
    const started = vi.spyOn(Array.prototype, 'find');
    const result = merged(nodeKind, { status: { conditions: many('new') } }, { status: { conditions: many('old') } });
    expect((result['status'] as JsonObject)['conditions']).toHaveLength(2_000);
    expect(list.mock.calls.length + started.mock.calls.length).toBeLessThan(10_000);
    vi.restoreAllMocks();
  });

  it('replaces lists without a key whole, without nulls', () => {
    const taints = [{ key: 'b', effect: 'NoSchedule' }];
    const current = { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } };
    expect(merged(nodeKind, { spec: { taints: [{ ...taints[0], value: null }] } }, current)).toEqual({
      spec: { taints },
    });
  });

  it('merges keyed lists by key, deletes marked elements, and keeps the order asked for', () => {
    const current = { status: { conditions: [...conditions('Ready'), { type: 'DiskPressure', status: 'False' }] } };
    const patch = {
      status: {
        conditions: [
          { type: 'New', status: 'True' },
          { type: 'Ready', reason: null, status: 'False' },
          { type: 'DiskPressure', $patch: 'delete' },
        ],
        '$setElementOrder/conditions': [{ type: 'New' }, { type: 'Ready' }],
      },
    };
    expect(merged(nodeKind, patch, current)).toEqual({
      status: {
        conditions: [
          { type: 'New', status: 'True' },
          { type: 'Ready', status: 'False' },
        ],
      },
    });
    const replaced = { status: { conditions: [{ $patch: 'replace' }, ...conditions('Only')] } };
    expect(merged(nodeKind, replaced, current)).toEqual({ status: { conditions: conditions('Only') } });
  });

  it('deletes each element with the key, and adds the one that the patch has beside', () => {
    const current = { status: { conditions: conditions('A', 'B', 'A') } };
    const patch = {
      status: {
        conditions: [
          { type: 'A', $patch: 'delete' },
          { type: 'A', status: 'New' },
        ],
      },
    };
    expect(merged(nodeKind, patch, current)).toEqual({
      status: { conditions: [{ type: 'A', status: 'New' }, ...conditions('B')] },
    });
  });

  it('leaves elements that only the server has where they stood before another one', () => {
    const order = (live: string[], patch: object): string[] => {
      const result = merged(nodeKind, { status: patch }, { status: { conditions: conditions(...live) } });
      return (result['status'] as { conditions: { type: string }[] }).conditions.map(({ type }) => type);
    };
    const say = (...types: string[]): object => ({ '$setElementOrder/conditions': types.map((type) => ({ type })) });
    expect(order(['base', 'one', 'two'], say('one', 'two'))).toEqual(['base', 'one', 'two']);
    expect(order(['one', 'mine', 'two', 'last'], say('two', 'one'))).toEqual(['mine', 'two', 'one', 'last']);
    expect(order(['mine', 'one', 'two'], { ...say('two', 'new', 'one'), conditions: conditions('new') })).toEqual([
      'mine',
      'two',
      'new',
      'one',
    ]);
    // Without an order asked for, that of the patch.
    expect(order(['mine', 'one', 'other', 'two'], { conditions: conditions('two', 'one') })).toEqual([
      'mine',
      'other',
      'two',
      'one',
    ]);
  });

  it('honours $patch and $retainKeys of maps', () => {
    const current = { metadata: { labels: { a: '1', b: '2', c: '3' } } };
    const labels = (patch: object): unknown => {
      const { metadata } = merged(nodeKind, { metadata: { labels: patch } }, current) as { metadata: JsonObject };
      return metadata['labels'];
    };
    expect(labels({ $patch: 'replace', b: '9' })).toEqual({ b: '9' });
    expect(labels({ $retainKeys: ['a', 'b'], b: '9' })).toEqual({ a: '1', b: '9' });
    expect(labels({ $patch: 'delete' })).toEqual({});
    // With nothing to replace there is nothing that the directive could be about.
    expect(merged(nodeKind, { metadata: { labels: { $patch: 'replace', b: '9' } } })).toEqual({ metadata: {} });
  });

  it('honours directives inside the elements of lists, new ones included', () => {
    const env = [{ name: 'A', value: '1' }];
    const current = { env, resources: { limits: { cpu: '1' }, requests: { cpu: '1' } }, command: ['a'] };
    expect(mergedContainer(current, { env: [{ $patch: 'replace' }, { name: 'B', value: '2' }] })).toMatchObject({
      env: [{ name: 'B', value: '2' }],
      command: ['a'],
    });
    expect(mergedContainer(current, { resources: { $patch: 'replace', limits: { cpu: '2' } } })).toMatchObject({
      env,
      resources: { limits: { cpu: '2' } },
    });
    expect(mergedContainer(current, { env: [{ name: 'A', $patch: 'delete' }] })).toMatchObject({ env: [] });
    const more = { name: 'd', image: 'i', env: [{ name: 'X', $patch: 'delete' }], '$setElementOrder/env': [] };
    const { spec } = merged(
      deploymentKind,
      { spec: { template: { spec: { containers: [more] } } } },
      deploymentWith(current),
    ) as { spec: { template: { spec: { containers: unknown[] } } } };
    expect(spec.template.spec.containers).toContainEqual({ name: 'd', image: 'i', env: [] });
  });

  it('lets a volume have the source only that $retainKeys names', () => {
    const volumes = (list: object[]): object => ({ spec: { template: { spec: { volumes: list } } } });
    const patch = volumes([{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'm' } }]);
    expect(merged(deploymentKind, patch, volumes([{ name: 'v', emptyDir: {} }]))).toEqual(
      volumes([{ name: 'v', configMap: { name: 'm' } }]),
    );
  });

  it('merges finalizers as a set, and takes plain values out of any list', () => {
    const current = { metadata: { finalizers: ['a', 'b'] } };
    expect(merged(nodeKind, { metadata: { finalizers: ['c', 'a'] } }, current)).toEqual({
      metadata: { finalizers: ['c', 'a', 'b'] },
    });
    const finalizers = { '$deleteFromPrimitiveList/finalizers': ['a'], '$setElementOrder/finalizers': ['c', 'b'] };
    expect(merged(nodeKind, { metadata: { ...finalizers, finalizers: ['c'] } }, current)).toEqual({
      metadata: { finalizers: ['c', 'b'] },
    });
    expect(mergedContainer({ args: ['x', 'y'] }, { '$deleteFromPrimitiveList/args': ['x', 'z'] })).toEqual({
      args: ['y'],
    });
    expect(merged(nodeKind, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({ metadata: {} });
  });

  it('refuses what it cannot honour', () => {
    for (const patch of [
      [],
      null,
      { $patch: 'delete' },
      { spec: { $patch: 'merge' } },
      { spec: { $unknown: 1 } },
      { spec: { $retainKeys: 'a' } },
      { spec: { $retainKeys: ['a'], b: 1 } },
      { status: { conditions: [{ status: 'True' }] } },
      { status: { conditions: ['x'] } },
      { status: { conditions: [{ type: 'a', $patch: 'merge' }] } },
      { status: { '$setElementOrder/conditions': 'a' } },
      { status: { '$setElementOrder/conditions': [{ type: 'a' }, { type: 'b' }], conditions: conditions('b', 'a') } },
      { status: { '$deleteFromPrimitiveList/conditions': 'a' } },
    ]) {
      expect(() => merged(nodeKind, patch, { spec: {}, status: { conditions: [] } }), JSON.stringify(patch)).toThrow(
        expect.objectContaining({ code: 'BadRequest' }),
      );
    }
  });
});

describe('ports, which several may have one number', () => {
  const tcp = { containerPort: 53, protocol: 'TCP' };
  const udp = { containerPort: 53, protocol: 'UDP' };
  const number = { containerPort: 53 };
  const ports = (live: object[], patch: object): unknown => mergedContainer({ ports: live }, patch)['ports'];
  const order = (...list: object[]): object => ({ '$setElementOrder/ports': list });

  it('need no protocol in a patch', () => {
    expect(ports([{ containerPort: 80 }], { ports: [{ containerPort: 80, name: 'http' }] })).toEqual([
      { containerPort: 80, name: 'http' },
    ]);
    expect(ports([tcp], { ports: [{ containerPort: 53, protocol: 'UDP' }] })).toEqual([udp]);
    expect(ports([tcp, udp], { ports: [{ containerPort: 53, name: 'dns' }] })).toEqual([{ ...tcp, name: 'dns' }, udp]);
  });

  it('are told apart by the protocol where the patch says it', () => {
    expect(ports([number], { ports: [udp, tcp], ...order(number, number) })).toEqual([tcp, udp]);
    expect(ports([tcp, udp], { ports: [{ ...udp, $patch: 'delete' }] })).toEqual([tcp]);
    expect(ports([tcp, udp], { ports: [{ ...udp, name: 'dns' }] })).toEqual([tcp, { ...udp, name: 'dns' }]);
  });

  it('all go with a deletion that names the number only, but for as many as the order still names', () => {
    expect(ports([tcp, udp], { ports: [{ ...number, $patch: 'delete' }] })).toEqual([]);
    // What kubectl edit makes of the removal of the first one, and of the second one.
    expect(ports([tcp, udp], { ports: [{ ...number, $patch: 'delete' }], ...order(number) })).toEqual([udp]);
    expect(ports([tcp, udp], { ports: [{ ...number, $patch: 'delete' }, tcp], ...order(number) })).toEqual([tcp]);
  });

  it('are those of the manifest where kubectl apply sends it along, whatever its patch says of them', () => {
    const applied = (container: object): object => ({
      metadata: {
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(deploymentWith(container)),
        },
      },
    });
    const apply = (live: object[], before: object, patch: object, manifest: object): unknown =>
      containerOf(
        merged(
          deploymentKind,
          deploymentWith(patch, applied(manifest)),
          deploymentWith({ ports: live }, applied(before)),
        ),
      )['ports'];
    // kubectl itself lost the UDP port: it merges its own two patches by the number.
    const added = { ports: [{ containerPort: 8080, $patch: 'delete' }, tcp], ...order(number, number) };
    expect(
      apply([{ containerPort: 8080 }], { ports: [{ containerPort: 8080 }] }, added, { ports: [tcp, udp] }),
    ).toEqual([tcp, udp]);
    const removed = { ports: [{ ...tcp, $patch: 'delete' }], ...order(number) };
    expect(apply([tcp, udp], { ports: [tcp, udp] }, removed, { ports: [tcp] })).toEqual([tcp]);
    // What the manifest never had is somebody else's; what only the server knows of a port stays.
    const live = [{ ...tcp, hostPort: 53, name: 'old' }, udp];
    const renamed = { ports: [{ ...number, name: 'new' }], ...order(number) };
    expect(apply(live, { ports: [{ ...tcp, name: 'old' }] }, renamed, { ports: [{ ...tcp, name: 'new' }] })).toEqual([
      { ...tcp, hostPort: 53, name: 'new' },
      udp,
    ]);
  });
});
