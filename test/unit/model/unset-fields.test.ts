import { describe, expect, it } from 'vitest';
import { configMapKind } from '../../../src/model/config-map.js';
import { deploymentKind } from '../../../src/model/deployment.js';
import type { JsonObject } from '../../../src/model/json.js';
import { podKind } from '../../../src/model/pod.js';
import { taskKind } from '../../../src/model/task.js';
import { withoutUnset } from '../../../src/model/unset-fields.js';

const podSpec = (fields: JsonObject, container: JsonObject = {}): JsonObject => ({
  spec: { ...fields, containers: [{ name: 'main', image: 'busybox', ...container }] },
});
const container = (fields: JsonObject): JsonObject => podSpec({}, fields);
const read = (object: JsonObject): JsonObject => withoutUnset(podKind.schema, object);

describe('withoutUnset', () => {
  it.each<[what: string, sent: JsonObject, read: JsonObject]>([
    ['null', podSpec({ volumes: null, nodeName: null }), podSpec({})],
    [
      'null in a list of objects',
      container({ env: [{ name: 'A', value: null }] }),
      container({ env: [{ name: 'A' }] }),
    ],
    ['null where the schema knows nothing', podSpec({ affinity: { nodeAffinity: null } }), podSpec({ affinity: {} })],
    ['the empty text of a choice', podSpec({ restartPolicy: '' }), podSpec({})],
    [
      'the empty text of an address',
      container({ ports: [{ containerPort: 1, hostIP: '' }] }),
      container({ ports: [{ containerPort: 1 }] }),
    ],
    [
      'the zeros of a probe',
      container({ livenessProbe: { periodSeconds: 0, timeoutSeconds: 0, failureThreshold: 0, successThreshold: 0 } }),
      container({ livenessProbe: {} }),
    ],
    [
      'a null of a map of texts, which is the empty text',
      { metadata: { labels: { a: null } } },
      { metadata: { labels: { a: '' } } },
    ],
  ])('leaves out %s', (_, sent, wanted) => {
    expect(read(sent)).toEqual(wanted);
  });

  it.each<[what: string, sent: JsonObject]>([
    [
      'empty texts in maps',
      { metadata: { labels: { a: '' }, annotations: { b: '' } }, spec: { nodeSelector: { c: '' } } },
    ],
    ['a grace of nothing', podSpec({ terminationGracePeriodSeconds: 0 })],
    ['the empty value of a variable', container({ env: [{ name: 'A', value: '' }] })],
    ['a required text that is empty', { spec: { volumes: [{ name: '' }] } }],
    ['false', podSpec({ hostNetwork: false })],
    ['defaults', podSpec({ restartPolicy: 'Always' })],
  ])('keeps %s, in the very same object', (_, sent) => {
    expect(read(sent)).toBe(sent);
  });

  it('reads every kind by its own schema, and changes nothing of what was sent', () => {
    const sent = Object.freeze({
      data: Object.freeze({ a: null, b: '' }),
      metadata: Object.freeze({ annotations: null }),
    });
    expect(withoutUnset(configMapKind.schema, sent)).toEqual({ data: { a: '', b: '' }, metadata: {} });
    const strategy = { type: 'Recreate', rollingUpdate: null };
    expect(withoutUnset(deploymentKind.schema, { spec: { strategy } })).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    });
    expect(withoutUnset(taskKind.schema, { spec: { workingDir: '', stopSignal: null } })).toEqual({ spec: {} });
  });
});
