import { describe, expect, it } from 'vitest';
import { nameOfTemplate, templateHash, type PodTemplate } from '../../../src/model/pod-template.js';

type Container = PodTemplate['spec']['containers'][number];

function template(container: Partial<Container> = {}, spec: Partial<PodTemplate['spec']> = {}): PodTemplate {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { ...spec, containers: [{ name: 'web', image: 'busybox', ...container }] },
  };
}

const probe = { exec: { command: ['true'] } };

describe('templateHash', () => {
  it.each<[what: string, written: PodTemplate, sentBack: PodTemplate]>([
    ['empty members', template({ resources: {}, env: [] }), template()],
    ['false', template({}, { hostNetwork: false }), template()],
    ['an empty value', template({ env: [{ name: 'A', value: '' }] }), template({ env: [{ name: 'A' }] })],
    [
      'quantities',
      template({ resources: { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } } }),
      template({ resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '1' } } }),
    ],
    [
      'zeros',
      template({ livenessProbe: { ...probe, initialDelaySeconds: 0 }, ports: [{ containerPort: 80, hostPort: 0 }] }),
      template({ livenessProbe: probe, ports: [{ containerPort: 80 }] }),
    ],
    [
      'defaults of the pod',
      template(
        {},
        {
          restartPolicy: 'Always',
          schedulerName: 'default-scheduler',
          terminationGracePeriodSeconds: 30,
          ...{ dnsPolicy: 'ClusterFirst', securityContext: {} },
        },
      ),
      template(),
    ],
    [
      'defaults of the container',
      template({
        imagePullPolicy: 'IfNotPresent',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        readinessProbe: { ...probe, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 },
        ...{ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' },
      }),
      template({ ports: [{ containerPort: 80 }], readinessProbe: probe }),
    ],
    [
      'a volume without a source',
      template({}, { volumes: [{ name: 'a', emptyDir: {} }] }),
      template({}, { volumes: [{ name: 'a' }] }),
    ],
  ])("looks through what Go's clients change when they send it back: %s", (_, written, sentBack) => {
    expect(templateHash(written)).toBe(templateHash(sentBack));
  });

  it.each([
    ['the image', template({ image: 'busybox:2' })],
    ['an amount', template({ resources: { limits: { memory: '1Gi' } } })],
    ['a grace of nothing', template({}, { terminationGracePeriodSeconds: 0 })],
    ['a field that orch only keeps', template({}, { dnsPolicy: 'Default' } as Partial<PodTemplate['spec']>)],
    ['a label without a value', { ...template(), metadata: { labels: { app: 'web', tier: '' } } }],
    ['a label', { ...template(), metadata: { labels: { app: 'web', tier: 'front' } } }],
  ])('is another one for another %s', (_, other) => {
    expect(templateHash(other)).not.toBe(templateHash(template()));
  });

  it('is part of a name that is never too long', () => {
    expect(nameOfTemplate('web', '0123456789')).toBe('web-0123456789');
    const long = `${'a'.repeat(229)}-${'b'.repeat(20)}`;
    expect(nameOfTemplate(long, '0123456789')).toMatch(/^a{219}-[0-9a-f]{10}-0123456789$/);
    expect(nameOfTemplate(`${long}c`, '0123456789')).not.toBe(nameOfTemplate(long, '0123456789'));
    const unlucky = `${'a'.repeat(218)}.${'b'.repeat(20)}`;
    expect(nameOfTemplate(unlucky, '0123456789')).toMatch(/^a{218}-[0-9a-f]{10}-0123456789$/);
  });
});
