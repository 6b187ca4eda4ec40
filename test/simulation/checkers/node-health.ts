import { findCondition } from '../../../src/model/conditions.js';
import type { StoredNode } from '../../../src/model/node.js';
import { nodeKind } from '../../../src/model/node.js';
import { storePrefix } from '../../../src/registry/store-keys.js';
import type { Checker, World } from './checker.js';
import { isTaskEvent, taskOf } from './task-history.js';

interface Pulse {
  beatAt: number;
  /** When the last silence of more than the grace ended. */
  silenceEndedAt: number;
}

/** Between a decision and its write, and between two looks. */
const writeSeconds = 2;
const noticeSeconds = 15;
const prefix = storePrefix(nodeKind);

/**
 * Who beats is ready, who is silent for longer than the grace is found out, whatever wall clocks do; and no task is moved from
 * a silent worker while all of them are silent. In virtual seconds, by what really arrived at the manager that lives now. What a hostile
 * worker's Node says of itself is its own affair.
 */
export function nodeHealth(world: World, graceSeconds: number, hostileWorker?: string): Checker {
  const pulses = new Map<string, Pulse>();
  const nodes = new Map<string, StoredNode>();
  /** Since when each says that it is ready: a worker that is back may say so before its first beat arrives. */
  const readySince = new Map<string, number>();
  let startedAt = Infinity;
  /** When a worker was heard again after all had been silent: then each of the others has a full new grace, as after a start. */
  let heardAgainAt = -Infinity;

  const silenceOf = (name: string): number => world.seconds() - (pulses.get(name)?.beatAt ?? startedAt);
  const expectFrom = (name: string): void => {
    pulses.set(name, { beatAt: world.seconds(), silenceEndedAt: -Infinity });
  };
  const isLost = (node: StoredNode | undefined): boolean =>
    findCondition(node?.status?.conditions, 'Ready')?.reason === 'HeartbeatLost';

  return {
    onManager(isServing) {
      startedAt = isServing ? world.seconds() : Infinity;
      pulses.clear();
      if (isServing) for (const name of nodes.keys()) expectFrom(name);
    },
    onBeat(name) {
      const silent = silenceOf(name) > graceSeconds;
      if ([...nodes.keys()].every((other) => silenceOf(other) > graceSeconds)) heardAgainAt = world.seconds();
      const silenceEndedAt = silent ? world.seconds() : (pulses.get(name)?.silenceEndedAt ?? -Infinity);
      pulses.set(name, { beatAt: world.seconds(), silenceEndedAt });
    },
    onTransaction(events) {
      for (const { key, type, value } of events) {
        if (!key.startsWith(prefix)) continue;
        const node = value as unknown as StoredNode;
        const { name } = node.metadata;
        const was = nodes.get(name);
        if (type === 'delete') nodes.delete(name);
        else nodes.set(name, node);
        if (!isReady(was)) readySince.set(name, world.seconds());
        if (type === 'delete') pulses.delete(name);
        else if (was === undefined) {
          if (!pulses.has(name)) expectFrom(name);
        } else if (name !== hostileWorker && isLost(node) && !isLost(was)) {
          const sinceSilence = world.seconds() - (pulses.get(name)?.silenceEndedAt ?? startedAt);
          if (silenceOf(name) <= graceSeconds && sinceSilence > writeSeconds) {
            world.violated('who beats is ready', `${name} beat ${silenceOf(name)} s ago and is told to be lost`);
          }
        }
      }
      for (const event of events) {
        if (!isTaskEvent(event) || event.type !== 'put' || event.previous === undefined) continue;
        const { metadata, spec, status } = taskOf(event.value);
        const { nodeName } = taskOf(event.previous).spec;
        if (nodeName === undefined || spec.nodeName !== undefined || status?.reason !== 'NodeLost') continue;
        const answering = [...nodes.keys()].filter((name) => silenceOf(name) <= graceSeconds + writeSeconds);
        if (answering.length === 0) {
          world.violated('nothing moves while no worker answers', `${metadata.name} was taken from ${nodeName}`);
        }
      }
    },
    onTick() {
      for (const [name, node] of nodes) {
        if (name === hostileWorker) continue;
        const toldSeconds = world.seconds() - Math.max(heardAgainAt, readySince.get(name) ?? -Infinity);
        const waitedSeconds = Math.min(silenceOf(name), toldSeconds);
        if (startedAt === Infinity || !isReady(node) || waitedSeconds <= graceSeconds + noticeSeconds) continue;
        world.violated('silence is found out', `${name} has been silent for ${silenceOf(name)} s and is ready`);
      }
    },
  };
}

function isReady(node: StoredNode | undefined): boolean {
  return findCondition(node?.status?.conditions, 'Ready')?.status === 'True';
}
