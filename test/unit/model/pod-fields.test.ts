import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/model/json.js';
import type { FieldTreatment } from '../../../src/model/kind.js';
import { refusalOf, treatmentOf } from '../../../src/model/pod-fields.js';
import { refusedAnnotations } from '../../../src/model/pod-security.js';

const pod = 'spec.securityContext';
const container = 'spec.containers[0].securityContext';

describe('treatmentOf', () => {
  it.each<[treatment: FieldTreatment, path: string, value: JsonValue]>([
    [
      'empty',
      'spec.affinity',
      { nodeAffinity: {}, podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    ],
    ['refuse', 'spec.affinity', { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{}] } }],
    ['empty', 'spec.hostPID', false],
    ['refuse', 'spec.hostPID', true],
    ['empty', 'spec.hostIPC', false],
    ['empty', 'spec.shareProcessNamespace', false],
    ['default', 'spec.hostUsers', true],
    ['refuse', 'spec.hostUsers', false],
    ['empty', 'spec.initContainers', []],
    ['refuse', 'spec.initContainers', [{}]],
    ['default', 'spec.dnsPolicy', 'ClusterFirst'],
    ['keep', 'spec.dnsPolicy', 'Default'],
    ['refuse', 'spec.dnsPolicy', 'None'],
    ['default', 'spec.enableServiceLinks', true],
    ['empty', 'spec.enableServiceLinks', false],
    ['default', 'spec.preemptionPolicy', 'PreemptLowerPriority'],
    ['default', 'spec.os', { name: 'linux' }],
    ['refuse', 'spec.os', { name: 'windows' }],
    ['default', 'spec.serviceAccountName', 'default'],
    ['keep', 'spec.serviceAccountName', 'builder'],
    ['empty', pod, {}],
    ['default', pod, { runAsNonRoot: false, seccompProfile: { type: 'RuntimeDefault' }, supplementalGroups: [] }],
    ['default', pod, { fsGroupChangePolicy: 'OnRootMismatch', sysctls: [], seLinuxOptions: {} }],
    ['refuse', pod, { runAsUser: 0 }],
    ['refuse', pod, { fsGroup: 1000 }],
    ['refuse', pod, { seccompProfile: { type: 'Unconfined' } }],
    ['default', container, { privileged: false, readOnlyRootFilesystem: false, allowPrivilegeEscalation: true }],
    ['default', container, { allowPrivilegeEscalation: false, procMount: 'Default', capabilities: {} }],
    ['default', container, { capabilities: { add: ['NET_BIND_SERVICE'], drop: ['SYS_ADMIN'] } }],
    ['default', container, { capabilities: { drop: ['NET_RAW'] } }],
    ['refuse', container, { capabilities: { add: ['NET_RAW'] } }],
    ['refuse', container, { capabilities: { drop: ['ALL'] } }],
    ['refuse', container, { capabilities: { add: ['NET_ADMIN'] } }],
    ['refuse', container, { capabilities: { drop: ['CHOWN'] } }],
    ['refuse', container, { privileged: true }],
    ['refuse', container, { constructor: 'x' }],
    ['keep', 'spec.serviceAccountName', 'builder'],
    ['default', 'spec.containers[0].resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }]],
    ['refuse', 'spec.containers[0].resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }]],
    ['default', 'spec.containers[0].volumeMounts[1].mountPropagation', 'None'],
    ['refuse', 'spec.containers[0].volumeMounts[1].mountPropagation', 'Bidirectional'],
    ['default', 'spec.containers[0].volumeMounts[1].recursiveReadOnly', 'Disabled'],
    ['empty', 'spec.containers[0].volumeMounts[1].subPath', ''],
    ['refuse', 'spec.containers[0].volumeMounts[1].subPath', 'a'],
    ['default', 'spec.containers[0].startupProbe.httpGet.scheme', 'HTTP'],
    ['empty', 'spec.containers[0].livenessProbe.httpGet.httpHeaders', []],
    ['empty', 'spec.volumes[0].hostPath.type', ''],
    ['refuse', 'spec.volumes[0].nfs', { server: 'a' }],
    ['unknown', 'spec.constructor', 'x'],
    ['unknown', 'spec.containers[0].prilivege', true],
  ])('%s: %s %j', (treatment, path, value) => {
    expect(treatmentOf(path, value)).toBe(treatment);
  });

  it('says what of a security context it is that orch does not act on, and why a pod finds no worker', () => {
    expect(refusalOf(container, { privileged: false, runAsUser: 1000, capabilities: { drop: ['ALL'] } })).toBe(
      'orch does not act on runAsUser, capabilities, and what runs would not be what was asked for: remove it',
    );
    expect(refusalOf('spec.os', { name: 'windows' })).toContain('workers run Linux containers only');
  });
});

describe('refusedAnnotations', () => {
  const name = 'container.apparmor.security.beta.kubernetes.io/main';

  it('are AppArmor profiles other than the one that containers have', () => {
    const refused = (profile: string): string[] =>
      refusedAnnotations({ [name]: profile, a: 'b' }).map((each) => each.name);
    expect(refused('runtime/default')).toEqual([]);
    expect(refused('localhost/strict')).toEqual([name]);
    expect(refused('unconfined')).toEqual([name]);
    expect(refusedAnnotations(undefined)).toEqual([]);
  });
});
