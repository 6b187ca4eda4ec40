import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from '../../../src/api/protobuf/decode-protobuf.js';
import { envelope, message } from '../../support/protobuf-writer.js';

const text = (value: string): Buffer => Buffer.from(value);
const amount = (value: string): Buffer => message({ 1: value });
const number = (value: number): Buffer => message({ 1: 0, 2: value, 3: '' });
const percentage = (value: string): Buffer => message({ 1: 1, 2: 0, 3: value });
/** As Go writes it of an object that was read before. */
const metadata = message({
  1: 'web',
  2: '',
  3: 'shop',
  4: '',
  5: 'u1',
  6: '7',
  7: 2,
  8: message({ 1: 1_700_000_000 }),
});

const httpProbe = message({
  1: message({ 2: message({ 1: '/ready', 2: percentage('http'), 3: '', 4: 'HTTP' }) }),
  2: 5,
  3: 0,
  4: 10,
  5: 0,
  6: 3,
});

const container = message({
  1: 'app',
  2: 'busybox:1',
  3: [text('sleep'), text('infinity')],
  5: '',
  6: [message({ 1: 'http', 2: 0, 3: 8080, 4: 'TCP', 5: '' })],
  7: [message({ 1: 'A', 2: 'b' })],
  8: message({ 1: { cpu: amount('500m'), memory: amount('64Mi') }, 2: { cpu: amount('250m') } }),
  11: httpProbe,
  12: message({ 2: message({ 1: message({ 1: [text('true')] }) }) }),
  13: '/dev/termination-log',
  14: 'IfNotPresent',
  16: true,
  17: false,
  18: false,
  20: 'File',
  23: [message({ 1: 'cpu', 2: 'NotRequired' })],
});

const podSpec = (more: Parameters<typeof message>[0] = {}): Buffer =>
  message({
    2: [container],
    3: 'Always',
    4: 30,
    6: 'ClusterFirst',
    7: { disk: text('ssd') },
    8: '',
    10: '',
    11: true,
    12: false,
    19: 'default-scheduler',
    22: [message({ 1: 'k', 2: 'Exists', 3: '', 4: 'NoExecute', 5: 300 })],
    25: -10,
    30: true,
    ...more,
  });

const podSpecAsJson = {
  containers: [
    {
      name: 'app',
      image: 'busybox:1',
      command: ['sleep', 'infinity'],
      ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
      env: [{ name: 'A', value: 'b' }],
      resources: { limits: { cpu: '500m', memory: '64Mi' }, requests: { cpu: '250m' } },
      readinessProbe: {
        httpGet: { path: '/ready', port: 'http', scheme: 'HTTP' },
        initialDelaySeconds: 5,
        periodSeconds: 10,
        failureThreshold: 3,
      },
      lifecycle: { preStop: { exec: { command: ['true'] } } },
      terminationMessagePath: '/dev/termination-log',
      imagePullPolicy: 'IfNotPresent',
      stdin: true,
      terminationMessagePolicy: 'File',
      resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
    },
  ],
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  nodeSelector: { disk: 'ssd' },
  hostNetwork: true,
  schedulerName: 'default-scheduler',
  tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
  priority: -10,
  enableServiceLinks: true,
};

const metadataAsJson = { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' };

describe('protobuf of typed clients', () => {
  it('is read of a Pod as JSON would say it', () => {
    const raw = message({ 1: metadata, 2: podSpec(), 3: message({ 1: 'Running' }) });
    expect(decodeProtobuf(envelope('v1', 'Pod', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: metadataAsJson,
      spec: podSpecAsJson,
    });
  });

  it('is read of a Deployment, with its strategy', () => {
    const strategy = message({ 1: 'RollingUpdate', 2: message({ 1: percentage('25%'), 2: number(0) }) });
    const selector = message({ 1: { app: text('web') } });
    const template = message({ 1: message({ 11: { app: text('web') } }), 2: podSpec() });
    const spec = message({ 1: 0, 2: selector, 3: template, 4: strategy, 5: 3, 6: 10, 7: true, 9: 600 });
    expect(decodeProtobuf(envelope('apps/v1', 'Deployment', message({ 1: metadata, 2: spec, 3: '' })))).toMatchObject({
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: podSpecAsJson },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: 0 } },
        minReadySeconds: 3,
        revisionHistoryLimit: 10,
        paused: true,
        progressDeadlineSeconds: 600,
      },
    });
  });

  it('is read of a Node, a Scale and an Eviction', () => {
    const taint = message({ 1: 'k', 2: '', 3: 'NoExecute', 4: message({ 1: 1_700_000_000, 2: 0 }) });
    const node = message({ 1: metadata, 2: message({ 1: '', 3: '', 4: true, 5: [taint] }), 3: message({ 5: 'x' }) });
    expect(decodeProtobuf(envelope('v1', 'Node', node))).toMatchObject({
      spec: { unschedulable: true, taints: [{ key: 'k', effect: 'NoExecute', timeAdded: '2023-11-14T22:13:20Z' }] },
    });
    const scale = message({ 1: metadata, 2: message({ 1: 0 }), 3: message({ 1: 5, 2: 'app=web' }) });
    expect(decodeProtobuf(envelope('autoscaling/v1', 'Scale', scale))).toMatchObject({ spec: { replicas: 0 } });
    const eviction = message({ 1: metadata, 2: message({ 1: 5, 2: message({ 1: 'u1' }) }) });
    expect(decodeProtobuf(envelope('policy/v1', 'Eviction', eviction))).toMatchObject({
      deleteOptions: { gracePeriodSeconds: 5, preconditions: { uid: 'u1' } },
    });
  });

  it('is refused by name where it says what is not read, and never dropped', () => {
    const refusals: [string, Parameters<typeof message>[0]][] = [
      ['volumes', { 1: [message({ 1: 'data' })] }],
      ['securityContext', { 14: message({ 3: 1000 }) }],
      ['affinity', { 18: message({ 1: message({ 1: 'x' }) }) }],
      ['initContainers', { 20: [container] }],
      ['number 99', { 99: 'from a newer client' }],
    ];
    for (const [name, fields] of refusals) {
      const body = envelope('v1', 'Pod', message({ 1: metadata, 2: podSpec(fields) }));
      expect(() => decodeProtobuf(body), name).toThrow(`the field "${name}" is not taken as protobuf`);
    }
    const empty = envelope(
      'v1',
      'Pod',
      message({ 1: metadata, 2: podSpec({ 14: Buffer.alloc(0), 35: false, 99: '' }) }),
    );
    expect(decodeProtobuf(empty)).toMatchObject({ spec: podSpecAsJson });
    const job = envelope('batch/v1', 'Job', message({ 1: metadata }));
    expect(() => decodeProtobuf(job)).toThrow('batch/v1 Job is not taken as protobuf: send JSON');
  });
});
