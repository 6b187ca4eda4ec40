import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { podToTask } from '../../../../src/api/pods/pod-to-task.js';
import { taskToPod } from '../../../../src/api/pods/task-to-pod.js';
import { updateTask } from '../../../../src/api/pods/update-task.js';
import { withPortsOf } from '../../../../src/api/pods/with-ports-of.js';
import { validateSchema } from '../../../../src/manifest/validate-schema.js';
import type { JsonObject } from '../../../../src/model/json.js';
import { podKind } from '../../../../src/model/pod.js';
import { specHash } from '../../../../src/model/spec-hash.js';
import type { StoredTask, TaskSpec } from '../../../../src/model/task.js';
import { taskKind } from '../../../../src/model/task.js';
import { isOrchError, type OrchError } from '../../../../src/support/errors.js';
import { aStoredTask } from '../../../support/cluster-builders.js';

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const text = fc.string({ maxLength: 12 }).filter((value) => !value.includes('\0'));
const quantities = fc.record(
  {
    cpu: fc.constantFrom('250m', 0.5, '2'),
    memory: fc.constantFrom('64Mi', '1Gi'),
    disk: fc.constantFrom('1Gi', 1024),
  },
  { requiredKeys: [] },
);

/** Every field of a Task's spec, also those that a Pod has no word for. */
const anySpec: fc.Arbitrary<TaskSpec> = fc
  .record(
    {
      imagePullPolicy: fc.constantFrom('Always', 'IfNotPresent', 'Never'),
      command: fc.array(text, { maxLength: 3 }),
      args: fc.array(text, { maxLength: 3 }),
      workingDir: fc.constant('/srv'),
      env: fc.uniqueArray(
        fc.oneof(
          fc.record({ name: word, value: text }),
          fc.record({
            name: word,
            valueFrom: fc.constantFrom(
              { configMapKeyRef: { name: 'settings', key: 'COLOR', optional: true } },
              { secretKeyRef: { name: 'login', key: 'password' } },
              { fieldRef: { fieldPath: "metadata.labels['app']" } },
            ),
          }),
        ),
        { selector: ({ name }) => name, maxLength: 3 },
      ),
      envFrom: fc.subarray([
        { configMapRef: { name: 'settings' } },
        { prefix: 'DB_', secretRef: { name: 'login', optional: true } },
      ]),
      ports: fc.uniqueArray(
        fc.record(
          {
            containerPort: fc.integer({ min: 1, max: 9 }),
            hostPort: fc.constantFrom(0, 8080),
            protocol: fc.constantFrom('TCP', 'UDP'),
          },
          { requiredKeys: ['containerPort'] },
        ),
        { selector: ({ containerPort }) => containerPort, maxLength: 3 },
      ),
      hostNetwork: fc.boolean(),
      resources: fc.tuple(quantities, optional(quantities), optional(quantities)).map(([flat, requests, limits]) => ({
        ...flat,
        ...(requests ? { requests } : {}),
        ...(limits ? { limits } : {}),
      })),
      volumes: fc.subarray([
        { name: 'engine', dockerVolume: { name: 'shop' } },
        { name: 'machine', hostPath: { path: '/srv' } },
        { name: 'empty', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'settings', configMap: { name: 'settings', items: [{ key: 'a', path: 'b', mode: 256 }] } },
        { name: 'login', secret: { secretName: 'login', defaultMode: 256, optional: true } },
      ]),
      volumeMounts: fc.subarray([
        { name: 'engine', mountPath: '/engine' },
        { name: 'settings', mountPath: '/etc/shop', readOnly: true },
        { name: 'login', mountPath: '/etc/login' },
      ]),
      stdin: fc.boolean(),
      stdinOnce: fc.boolean(),
      tty: fc.boolean(),
      restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
      terminationGracePeriodSeconds: fc.integer({ min: 0, max: 90 }),
      stopSignal: fc.constant('SIGINT'),
      lifecycle: fc.constant({ preStop: { exec: { command: ['true'] } } }),
      startupProbe: fc.constant({ tcpSocket: { port: 80 }, failureThreshold: 30 }),
      livenessProbe: fc.constant({ tcpSocket: { port: 80 }, periodSeconds: 3 }),
      readinessProbe: fc.constant({ exec: { command: ['true'] }, successThreshold: 2 }),
      nodeSelector: fc.dictionary(word, word, { maxKeys: 2 }),
      tolerations: fc.array(fc.record({ key: word, operator: fc.constant('Exists') }), { maxLength: 2 }),
      priority: fc.integer({ min: -5, max: 5 }),
      schedulerName: fc.constantFrom('roundRobin', 'binpack'),
      desiredState: fc.constantFrom('Running', 'Completed'),
      nodeName: fc.constant('n1'),
    },
    { requiredKeys: [] },
  )
  .map((spec) => ({ image: 'busybox:1', ...spec }) as TaskSpec);

const anyTask: fc.Arbitrary<StoredTask> = fc
  .record({
    spec: anySpec,
    name: fc.constantFrom('web', 'web.shop'),
    labels: fc.dictionary(word, word, { maxKeys: 2 }),
  })
  .map(({ spec, name, labels }) =>
    aStoredTask(name, spec, { state: 'Pending' }, { labels, annotations: { note: 'x' } }),
  );

const asJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

describe('a Task as a Pod, and back', () => {
  it('gives the very same Task when the Pod was not changed, whatever the Task says', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const { object, warnings } = updateTask(task, asJson(taskToPod(task)), { fieldValidation: 'Strict' });
        expect(object['spec']).toEqual(task.spec);
        expect((object['metadata'] as JsonObject)['annotations']).toEqual(task.metadata.annotations);
        expect((object['metadata'] as JsonObject)['uid']).toBe(task.metadata.uid);
        expect(warnings).toEqual([]);
      }),
    );
  });

  it('shows Pods that the schema of Pods allows', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        expect(validateSchema(podKind, asJson(taskToPod(task)))).toEqual([]);
      }),
    );
  });

  it('makes of a shown Pod a Task that is valid and shown the same again', () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const pod = asJson(taskToPod(task));
        const made = podToTask(pod).object;
        expect(validateSchema(taskKind, made)).toEqual([]);
        const again = asJson(taskToPod({ ...task, spec: made['spec'] as unknown as TaskSpec }));
        expect(again['spec']).toEqual(pod['spec']);
      }),
    );
  });

  it('says the protocol of each port, as clients look for it, and makes no other Task of that', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' as const }];
    const task = aStoredTask('web', { ports });
    const shown = asJson(taskToPod(task));
    const [container] = (shown['spec'] as unknown as { containers: [{ ports: unknown }] }).containers;
    expect(container.ports).toEqual([
      { containerPort: 80, protocol: 'TCP' },
      { containerPort: 53, protocol: 'UDP' },
    ]);
    // So is a Pod that was fetched and applied again, server-side.
    expect(podToTask(shown).object['spec']).toMatchObject({ ports });
    const { object } = updateTask(task, shown, { fieldValidation: 'Strict' });
    expect(specHash(object['spec'] as unknown as TaskSpec)).toBe(specHash(task.spec));
  });

  it('leaves the protocol in a Task that says it, when the same Pod is applied again', () => {
    const ports = [{ containerPort: 80, protocol: 'TCP' as const }, { containerPort: 81 }];
    const task = aStoredTask('web', { ports });
    const { object } = podToTask(asJson(taskToPod(task)));
    expect(withPortsOf(task, object)['spec']).toMatchObject({ ports });
  });

  it('replaces no container when only the image pull policy, labels or tolerations change', () => {
    const task = aStoredTask('web', { resources: { cpu: '250m' }, ports: [{ containerPort: 80, hostPort: 0 }] });
    const pod = asJson(taskToPod(task));
    (pod['spec'] as JsonObject)['tolerations'] = [{ key: 'a', operator: 'Exists' }];
    const changed = updateTask(task, pod, { fieldValidation: 'Strict' }).object;
    expect(specHash(changed['spec'] as unknown as TaskSpec)).toBe(specHash(task.spec));
    expect((changed['spec'] as unknown as TaskSpec).tolerations).toEqual([{ key: 'a', operator: 'Exists' }]);
  });
});

describe('a Pod as somebody sends it', () => {
  const pod = (spec: JsonObject = {}, container: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'web', image: 'busybox', ...container }], ...spec },
  });
  const appArmor = 'container.apparmor.security.beta.kubernetes.io/web';
  const confined = { ...pod(), metadata: { name: 'web', annotations: { [appArmor]: 'localhost/strict' } } };
  const refusalOf = (sent: JsonObject): OrchError => {
    try {
      podToTask(sent);
    } catch (error) {
      if (isOrchError(error)) return error;
    }
    throw new Error('it was not refused');
  };

  it('is taken as `kubectl run` sends it', () => {
    const sent = pod(
      { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', securityContext: {}, volumes: [] },
      { resources: {}, stdin: true, tty: true, stdinOnce: true },
    );
    const { object, warnings } = podToTask({ ...sent, status: {} });
    expect(object['spec']).toEqual({
      image: 'busybox',
      restartPolicy: 'Always',
      stdin: true,
      stdinOnce: true,
      tty: true,
    });
    expect(warnings).toEqual([]);
    // What is so anyway is shown again all the same: applied once more, the Pod is unchanged.
    const { annotations = {} } = object['metadata'] as { annotations?: Record<string, string> };
    const task = aStoredTask('web', object['spec'] as unknown as TaskSpec, {}, { annotations });
    expect(taskToPod(task).spec).toMatchObject({ dnsPolicy: 'ClusterFirst' });
  });

  it.each<[string, JsonObject, string]>([
    [
      'several containers',
      pod({
        containers: [
          { name: 'a', image: 'b' },
          { name: 'c', image: 'd' },
        ],
      }),
      'spec.containers',
    ],
    ['init containers', pod({ initContainers: [{ name: 'a' }] }), 'spec.initContainers'],
    [
      'a claim of a volume',
      pod({ volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'a' } }] }),
      'spec.volumes[0].persistentVolumeClaim',
    ],
    [
      'a part of a volume',
      pod({}, { volumeMounts: [{ name: 'a', mountPath: '/a', subPath: 'b' }] }),
      'spec.containers[0].volumeMounts[0].subPath',
    ],
    ['hostPID', pod({ hostPID: true }), 'spec.hostPID'],
    ['a security context', pod({}, { securityContext: { runAsUser: 1 } }), 'spec.containers[0].securityContext'],
    [
      'affinity',
      pod({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{}] } } }),
      'spec.affinity',
    ],
    ['an AppArmor profile', confined, `metadata.annotations.${appArmor}`],
    ['another system', pod({ os: { name: 'windows' } }), 'spec.os'],
    ['a DNS of its own', pod({ dnsPolicy: 'None' }), 'spec.dnsPolicy'],
    [
      'a value of its own resources',
      pod({}, { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] }),
      'spec.containers[0].env[0].valueFrom.resourceFieldRef',
    ],
    [
      'another scheme of a probe',
      pod({}, { livenessProbe: { httpGet: { port: 1, scheme: 'HTTPS' } } }),
      'spec.containers[0].livenessProbe.httpGet.scheme',
    ],
    [
      'a port that is none',
      pod({}, { ports: [{ containerPort: 70000 }] }),
      'spec.containers[0].ports[0].containerPort',
    ],
  ])('is refused with %s, by name', (_what, sent, field) => {
    const error = refusalOf(sent);
    expect(error.code).toBe('Invalid');
    expect(error.details.causes?.map((cause) => cause.field)).toContain(field);
  });

  it('is refused though twenty other things are wrong with it too', () => {
    const env = Array.from({ length: 30 }, (_, index) => ({ name: `A${index}`, value: index }));
    expect(refusalOf(pod({ volumes: [{ name: 'a' }] }, { env })).code).toBe('Invalid');
    const unknown = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`x${index}`, 1]));
    const error = refusalOf(pod({ ...unknown, hostAliases: [{ ip: '10.0.0.1' }] }));
    expect(error.details.causes?.map((cause) => cause.field)).toContain('spec.hostAliases');
  });

  it('says what no Pod has, with what was probably meant', () => {
    const error = refusalOf(pod({ restartPolcy: 'Never' }));
    expect(error.code).toBe('BadRequest');
    expect(error.message).toContain('unknown field "spec.restartPolcy"');
    const warned = podToTask(pod({ restartPolcy: 'Never' }), { fieldValidation: 'Warn' });
    expect(warned.warnings[0]).toContain('unknown field "spec.restartPolcy"');
    expect(warned.object['spec']).toEqual({ image: 'busybox' });
  });

  it('may be a part only, and nothing is added to it', () => {
    const { object } = podToTask({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { a: 'b' } } });
    expect(object).toEqual({
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: { name: 'web', labels: { a: 'b' } },
      spec: {},
    });
  });
});
