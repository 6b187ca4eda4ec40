import { describe, expect, it } from 'vitest';
import { readPod } from '../../../src/manifest/read-pod.js';
import type { JsonObject } from '../../../src/model/json.js';

const refusedOf = (container: JsonObject, spec: JsonObject = {}): string[] =>
  readPod({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'busybox:1', ...container }], ...spec },
  }).refused.map(({ field }) => field);

const namedProbe = { httpGet: { port: 'web' } };
const web = { name: 'web', containerPort: 80 };

describe('what is refused of a Pod', () => {
  it('is told at once, also what the rules of a Task say of other fields', () => {
    const resources = { requests: { cpu: 'much' } };
    expect(refusedOf({ livenessProbe: namedProbe, resources }, { hostPID: true })).toEqual([
      'spec.hostPID',
      'spec.containers[0].resources.requests.cpu',
      'spec.containers[0].livenessProbe.httpGet.port',
    ]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    [
      'a probe of a port that is wrong itself',
      { livenessProbe: namedProbe, ports: [{ ...web, containerPort: 0 }] },
      {},
    ],
    [
      'a mount of a volume that is wrong itself',
      { volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      { volumes: [{ name: 'w', nfs: { server: 's' } }] },
    ],
  ])('says nothing of %s', (_what, container, spec) => {
    const fields = refusedOf(container, spec);
    expect(fields.length).toBeGreaterThan(0);
    expect(fields.filter((field) => /Probe|volumeMounts/.test(field))).toEqual([]);
  });

  it('is nothing of a part that is applied, but what is wrong in it', () => {
    const part = {
      metadata: { name: 'p' },
      spec: { hostPID: true, containers: [{ name: 'c', livenessProbe: namedProbe }] },
    };
    expect(readPod(part).refused.map(({ field }) => field)).toEqual(['spec.hostPID']);
  });
});
