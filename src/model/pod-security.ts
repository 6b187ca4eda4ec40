import { own } from '../support/own.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';

/**
 * Kubernetes' security contexts, of which orch knows what every container has anyway: members that say just that are
 * accepted, all others are refused until orch acts on them.
 */

/** What the engine gives each container, but for NET_RAW, which orch takes from all of them. */
const capabilitiesOfTheEngine = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
];

type IsSo = (value: JsonValue) => boolean;

const isFalse: IsSo = (value) => value === false;
const isEmpty: IsSo = (value) =>
  Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.values(value).every(isUnset);
const isRuntimeDefault: IsSo = (value) => isEmpty(value) || (isJsonObject(value) && value['type'] === 'RuntimeDefault');

const inBoth: Readonly<Record<string, IsSo>> = {
  appArmorProfile: isRuntimeDefault,
  runAsNonRoot: isFalse,
  seLinuxOptions: isEmpty,
  // Docker's own profile, which containers have when nobody says anything.
  seccompProfile: isRuntimeDefault,
  windowsOptions: isEmpty,
};

const membersOf: Readonly<Record<'pod' | 'container', Readonly<Record<string, IsSo>>>> = {
  pod: {
    ...inBoth,
    // How the group of files is changed: without fsGroup it is not.
    fsGroupChangePolicy: (value) => value === 'Always' || value === 'OnRootMismatch',
    seLinuxChangePolicy: (value) => value === 'Recursive' || value === 'MountOption',
    supplementalGroups: isEmpty,
    supplementalGroupsPolicy: (value) => value === 'Merge',
    sysctls: isEmpty,
  },
  container: {
    ...inBoth,
    // true is Kubernetes' default and false what orch does: whoever says either gets what whoever says nothing gets.
    allowPrivilegeEscalation: (value) => typeof value === 'boolean',
    capabilities: areOfTheEngine,
    privileged: isFalse,
    procMount: (value) => value === 'Default',
    readOnlyRootFilesystem: isFalse,
  },
};

/** The members of a security context that ask for something else than what every container has. Pure. */
export function refusedSecurity(context: JsonObject, where: 'pod' | 'container'): string[] {
  const known = membersOf[where];
  return Object.entries(context)
    .filter(([name, value]) => !isUnset(value) && !own(known, name)?.(value))
    .map(([name]) => name);
}

function areOfTheEngine(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { add = [], drop = [], ...others } = value;
  return (
    Object.keys(others).length === 0 &&
    namesIn(add).every((name) => capabilitiesOfTheEngine.includes(name)) &&
    namesIn(drop).every((name) => !['ALL', ...capabilitiesOfTheEngine].includes(name))
  );
}

function namesIn(list: JsonValue): string[] {
  return Array.isArray(list) ? list.map((name) => (typeof name === 'string' ? name.replace(/^CAP_/, '') : 'ALL')) : [];
}

function isUnset(value: JsonValue): boolean {
  return value === null || value === '';
}

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

/** Annotations that change what a container may do, as older Kubernetes read them, with what is to be said of each. Pure. */
export function refusedAnnotations(annotations: JsonValue | undefined): { name: string; message: string }[] {
  return Object.entries(isJsonObject(annotations) ? annotations : {})
    .filter(([name, value]) => name.startsWith(appArmorPrefix) && value !== '' && value !== 'runtime/default')
    .map(([name]) => ({
      name,
      message: 'orch sets no AppArmor profile, and what runs would not be what was asked for: remove it',
    }));
}
