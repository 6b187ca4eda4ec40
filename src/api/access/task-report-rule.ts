import type { Stored } from '../../model/api-object.js';
import { canonicalJson, isJsonObject, type JsonObject } from '../../model/json.js';
import type { StoredTask } from '../../model/task.js';

/** What a worker says of a task in conditions. */
const reportedCondition = 'Ready';
/** Between two reports, while the manager is away for weeks. Without a bound, the next worker would have no number left. */
const mostAttemptsBetween = 100_000;

/**
 * What a worker would say of a task that is not its to say, such as `the condition "Scheduled"`; undefined when all is well. `next` is
 * the whole object as it would be written. The worker tells of its containers; where the task belongs, whether it may stay there
 * and how often it was moved is the manager's. Pure.
 */
export function foreignTaskReport(nodeName: string, current: Stored, next: JsonObject): string | undefined {
  const { status: old = {} } = current as StoredTask;
  const status = isJsonObject(next['status']) ? next['status'] : {};
  if (status['state'] === 'Pending' && old.state !== 'Pending') return 'that a task is to be placed anew';
  if (!isSame(old.moves, status['moves'])) return 'how often a task was moved';
  const reporter = status['nodeName'] ?? undefined;
  if (reporter !== old.nodeName && reporter !== nodeName && reporter !== undefined)
    return 'the status of another worker';
  const { attempt } = status;
  if (typeof attempt === 'number' && attempt > (old.attempt ?? 0) + mostAttemptsBetween) {
    return `a task's attempt to ${attempt}, from ${old.attempt ?? 0}`;
  }
  const [before, after] = [othersOf(old.conditions), othersOf(status['conditions'])];
  for (const type of new Set([...before.keys(), ...after.keys()])) {
    if (!isSame(before.get(type), after.get(type))) return `the condition "${type.slice(0, 80)}" of a task`;
  }
  return undefined;
}

/** Every condition but the worker's own, by type; what has no type is for the schema to refuse. */
function othersOf(conditions: unknown): Map<string, unknown> {
  const others = (Array.isArray(conditions) ? conditions : []).flatMap((condition: unknown): [string, unknown][] => {
    const type = isJsonObject(condition) ? condition['type'] : undefined;
    return typeof type === 'string' && type !== reportedCondition ? [[type, condition]] : [];
  });
  return new Map(others);
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null);
}
