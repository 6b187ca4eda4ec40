import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { FieldTreatment } from './kind.js';
import type { PodOnlyFields } from './pod-only-fields.js';
import { refusedSecurity } from './pod-security.js';
import { own } from '../support/own.js';

/**
 * The fields of Kubernetes' Pod for which schemas/pod.schema.json has no place, because orch does not act on them. By
 * path, without indexes; `anyProbe` is each of the three probes. Whatever is in no table is not a field of a Pod at all.
 */
interface FieldRule {
  /** What is so without the field too: kept in silence, and a template that says it is no other template. */
  isSo?: (value: JsonValue) => boolean;
  /** Changes nothing of what runs: kept, and named in a warning. Every other value is refused. */
  isHarmless?: (value: JsonValue) => boolean;
  /** Whether false says something: of fields that are true when nobody says so. */
  falseCounts?: boolean;
  /** What of a value is refused, in words for people. */
  explain?: (value: JsonValue) => string;
}

const any = (): boolean => true;
const oneOf =
  (...values: readonly JsonValue[]) =>
  (value: JsonValue): boolean =>
    values.some((allowed) => canonicalJson(allowed) === canonicalJson(value));

const securityRule = (where: 'pod' | 'container'): FieldRule => ({
  isSo: (value) => isJsonObject(value) && refusedSecurity(value, where).length === 0,
  explain: (value) => {
    const names = isJsonObject(value) ? refusedSecurity(value, where).join(', ') : '';
    return `orch does not act on ${names || 'it'}, and what runs would not be what was asked for: remove it`;
  },
});

const rules: Readonly<Record<string, FieldRule>> = {
  'spec.automountServiceAccountToken': { isHarmless: any },
  'spec.dnsPolicy': { isSo: oneOf('ClusterFirst'), isHarmless: oneOf('Default', 'ClusterFirstWithHostNet') },
  'spec.enableServiceLinks': { isSo: oneOf(true) },
  'spec.hostUsers': { isSo: oneOf(true), falseCounts: true },
  'spec.os': {
    isSo: oneOf({ name: 'linux' }),
    explain: () => 'workers run Linux containers only: a pod for another system cannot be placed',
  },
  'spec.preemptionPolicy': { isSo: oneOf('PreemptLowerPriority'), isHarmless: any },
  'spec.securityContext': securityRule('pod'),
  'spec.serviceAccount': { isSo: oneOf('default'), isHarmless: any },
  'spec.serviceAccountName': { isSo: oneOf('default'), isHarmless: any },
  // Nothing is resized, so nothing need be restarted for it.
  'spec.containers.resizePolicy': {
    isSo: (value) =>
      Array.isArray(value) && value.every((item) => isJsonObject(item) && item['restartPolicy'] === 'NotRequired'),
  },
  'spec.containers.securityContext': securityRule('container'),
  'spec.containers.volumeMounts.mountPropagation': { isSo: oneOf('None') },
  'spec.containers.volumeMounts.recursiveReadOnly': { isSo: oneOf('Disabled', 'IfPossible') },
  'spec.containers.anyProbe.httpGet.scheme': { isSo: oneOf('HTTP') },
};

/** Fields of which only an empty value is accepted. */
const refused: Readonly<Record<string, string>> = {
  spec:
    'activeDeadlineSeconds affinity dnsConfig ephemeralContainers hostAliases hostIPC hostPID hostname ' +
    'hostnameOverride imagePullSecrets initContainers overhead priorityClassName resourceClaims ' +
    'resources runtimeClassName schedulingGates setHostnameAsFQDN shareProcessNamespace subdomain ' +
    'topologySpreadConstraints workloadRef',
  'spec.volumes':
    'awsElasticBlockStore azureDisk azureFile cephfs cinder csi downwardAPI ephemeral fc flexVolume flocker ' +
    'gcePersistentDisk gitRepo glusterfs image iscsi nfs persistentVolumeClaim photonPersistentDisk portworxVolume ' +
    'projected quobyte rbd scaleIO storageos vsphereVolume',
  'spec.volumes.hostPath': 'type',
  'spec.containers': 'restartPolicy restartPolicyRules volumeDevices',
  'spec.containers.volumeMounts': 'subPath subPathExpr',
  'spec.containers.env.valueFrom': 'fileKeyRef resourceFieldRef',
  'spec.containers.lifecycle': 'postStart',
  'spec.containers.lifecycle.preStop': 'httpGet tcpSocket sleep',
  'spec.containers.resources': 'claims',
  'spec.containers.anyProbe': 'grpc terminationGracePeriodSeconds',
  'spec.containers.anyProbe.httpGet': 'host httpHeaders',
  'spec.containers.anyProbe.tcpSocket': 'host',
};

/** What becomes of a field that the Pod's schema does not have. `path` is like `spec.containers[0].env[2].valueFrom`. Pure. */
export function treatmentOf(path: string, value: JsonValue | undefined): FieldTreatment {
  const rule = ruleOf(path);
  if (!rule) return 'unknown';
  if (value === undefined || isEmpty(value, rule)) return 'empty';
  if (rule.isSo?.(value)) return 'default';
  return rule.isHarmless?.(value) ? 'keep' : 'refuse';
}

/** Why a value of such a field is refused, in words for people. Pure. */
export function refusalOf(path: string, value: JsonValue | undefined): string {
  return (
    ruleOf(path)?.explain?.(value ?? null) ??
    'orch does not act on this field, and what runs would not be what was asked for: remove it'
  );
}

function ruleOf(path: string): FieldRule | undefined {
  const plain = path.replace(/\[\d+\]/g, '').replace(/\.(startup|liveness|readiness)Probe/, '.anyProbe');
  const rule = own(rules, plain);
  if (rule) return rule;
  const dot = plain.lastIndexOf('.');
  const names = (own(refused, plain.slice(0, Math.max(0, dot))) ?? '').split(' ');
  return names.includes(plain.slice(dot + 1)) ? {} : undefined;
}

/**
 * A pod's spec without the fields that say nothing or what is so anyway, at any depth: templates are stored as they were sent,
 * and a Task does not know these fields. Pure.
 */
export function withoutSilentFields(spec: JsonObject): JsonObject {
  return pruned(spec, 'spec') as JsonObject;
}

function pruned(value: JsonValue, path: string): JsonValue {
  if (Array.isArray(value)) return value.map((item) => pruned(item, path));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([name, member]) => !isSilent(`${path}.${name}`, member));
  return Object.fromEntries(members.map(([name, member]) => [name, pruned(member, `${path}.${name}`)]));
}

/** Whether a pod is the same pod without the field. Pure. */
export function isSilent(path: string, value: JsonValue): boolean {
  const treatment = treatmentOf(path, value);
  return treatment === 'empty' || treatment === 'default';
}

/** The fields of a pod and of its container that are kept although orch does not act on them. Pure. */
export function keptFieldsOf(spec: JsonObject, container: JsonObject): PodOnlyFields {
  return { spec: keptIn(spec, 'spec.'), container: keptIn(container, 'spec.containers.') };
}

function keptIn(object: JsonObject, prefix: string): JsonObject {
  const isKept = ([name, value]: [string, JsonValue]): boolean =>
    ['keep', 'default'].includes(treatmentOf(`${prefix}${name}`, value));
  return Object.fromEntries(Object.entries(object).filter(isKept));
}

/** Go's clients send empty values for what nobody wrote, and people empty blocks such as `affinity: { nodeAffinity: {} }`. */
function isEmpty(value: JsonValue, { falseCounts = false }: FieldRule): boolean {
  if (value === false) return !falseCounts;
  return value === 0 || isNothing(value);
}

function isNothing(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) ? Object.values(value).every(isNothing) : value === null || value === '';
}
