import { isJsonObject, type JsonObject, type JsonValue } from './json.js';
import type { FieldTreatment } from './kind.js';
import type { PodOnlyFields } from './pod-only-fields.js';
import { own } from '../support/own.js';

/**
 * The fields of Kubernetes' Pod for which schemas/pod.schema.json has no place, because orch does not act on them. By
 * path, without indexes; `anyProbe` is each of the three probes. Whatever is in neither table is not a field of a Pod at all.
 */

/** Fields that change nothing of what runs: kept as they are, and named in a warning. With the values that may be kept. */
const harmless: Readonly<Record<string, readonly JsonValue[] | 'any'>> = {
  'spec.dnsPolicy': ['ClusterFirst', 'Default', 'ClusterFirstWithHostNet'],
  'spec.serviceAccountName': 'any',
  'spec.serviceAccount': 'any',
  'spec.automountServiceAccountToken': 'any',
  'spec.enableServiceLinks': 'any',
  'spec.preemptionPolicy': 'any',
  'spec.os': 'any',
  'spec.containers.terminationMessagePath': 'any',
  'spec.containers.terminationMessagePolicy': ['File', 'FallbackToLogsOnError'],
};

const refused: Readonly<Record<string, string>> = {
  spec:
    'activeDeadlineSeconds affinity dnsConfig ephemeralContainers hostAliases hostIPC hostPID hostUsers hostname ' +
    'hostnameOverride imagePullSecrets initContainers overhead priorityClassName readinessGates resourceClaims ' +
    'resources runtimeClassName schedulingGates securityContext setHostnameAsFQDN shareProcessNamespace subdomain ' +
    'topologySpreadConstraints',
  'spec.volumes':
    'awsElasticBlockStore azureDisk azureFile cephfs cinder csi downwardAPI ephemeral fc flexVolume flocker ' +
    'gcePersistentDisk gitRepo glusterfs image iscsi nfs persistentVolumeClaim photonPersistentDisk portworxVolume ' +
    'projected quobyte rbd scaleIO storageos vsphereVolume',
  'spec.volumes.hostPath': 'type',
  'spec.containers': 'resizePolicy restartPolicy securityContext volumeDevices',
  'spec.containers.volumeMounts': 'mountPropagation recursiveReadOnly subPath subPathExpr',
  'spec.containers.env.valueFrom': 'fileKeyRef resourceFieldRef',
  'spec.containers.lifecycle': 'postStart',
  'spec.containers.lifecycle.preStop': 'httpGet tcpSocket sleep',
  'spec.containers.resources': 'claims',
  'spec.containers.anyProbe': 'grpc terminationGracePeriodSeconds',
  'spec.containers.anyProbe.httpGet': 'host httpHeaders',
  'spec.containers.anyProbe.tcpSocket': 'host',
};

/** Values of refused fields that say what is so anyway: Kubernetes' server writes some of them as defaults. */
const saysWhatIsSo: Readonly<Record<string, (value: JsonValue | undefined) => boolean>> = {
  'spec.hostUsers': (value) => value === true,
  'spec.containers.anyProbe.httpGet.scheme': (value) => value === 'HTTP',
  // Nothing is resized, so nothing need be restarted for it.
  'spec.containers.resizePolicy': (value) =>
    Array.isArray(value) && value.every((item) => isJsonObject(item) && item['restartPolicy'] === 'NotRequired'),
};

/** What becomes of a field that the Pod's schema does not have. `path` is like `spec.containers[0].env[2].valueFrom`. Pure. */
export function treatmentOf(path: string, value: JsonValue | undefined): FieldTreatment {
  const plain = path.replace(/\[\d+\]/g, '').replace(/\.(startup|liveness|readiness)Probe/, '.anyProbe');
  const kept = own(harmless, plain);
  if (kept !== undefined) {
    if (isEmpty(value)) return 'empty';
    return kept === 'any' || kept.some((allowed) => allowed === value) ? 'keep' : 'refuse';
  }
  const isSo = own(saysWhatIsSo, plain);
  if (isSo) return isSo(value) || (value ?? '') === '' ? 'empty' : 'refuse';
  const dot = plain.lastIndexOf('.');
  const isKnown = (own(refused, plain.slice(0, dot)) ?? '').split(' ').includes(plain.slice(dot + 1));
  if (!isKnown) return 'unknown';
  return isEmpty(value) ? 'empty' : 'refuse';
}

/**
 * A pod's spec without the fields that say nothing, at any depth: templates are stored as they were sent, and a Task does not
 * know these fields. Pure.
 */
export function withoutEmptyFields(spec: JsonObject): JsonObject {
  return pruned(spec, 'spec') as JsonObject;
}

function pruned(value: JsonValue, path: string): JsonValue {
  if (Array.isArray(value)) return value.map((item) => pruned(item, path));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([name, member]) => treatmentOf(`${path}.${name}`, member) !== 'empty');
  return Object.fromEntries(members.map(([name, member]) => [name, pruned(member, `${path}.${name}`)]));
}

/** The fields of a pod and of its container that are kept although orch does not act on them. Pure. */
export function harmlessFieldsOf(spec: JsonObject, container: JsonObject): PodOnlyFields {
  return { spec: keptIn(spec, 'spec.'), container: keptIn(container, 'spec.containers.') };
}

function keptIn(object: JsonObject, prefix: string): JsonObject {
  const isKept = ([name, value]: [string, JsonValue]): boolean =>
    Object.hasOwn(harmless, `${prefix}${name}`) && !isEmpty(value);
  return Object.fromEntries(Object.entries(object).filter(isKept));
}

/** Go's clients send empty values for what nobody wrote. */
function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}
