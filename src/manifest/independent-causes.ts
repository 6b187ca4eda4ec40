import type { ApiObject } from '../model/api-object.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { asCauseOfPod } from '../model/pod-task-spec.js';
import { taskKind } from '../model/task.js';
import { formatPointer, parseFieldPath } from './field-path.js';
import type { SchemaIssue } from './schema-issue.js';
import { validateSchema } from './validate-schema.js';

/** Which fields of a Task's spec a rule about one looks at as well. */
const alsoLooksAt: Readonly<Record<string, readonly string[]>> = {
  startupProbe: ['ports'],
  livenessProbe: ['ports'],
  readinessProbe: ['ports'],
  volumeMounts: ['volumes'],
  volumes: ['volumeMounts'],
  ports: ['hostNetwork'],
};

/**
 * What the rules of a Task say of a Pod that has other things wrong with it: of the fields that those do not touch, so that
 * whoever mends them hears of all at once. `task`: what the Pod stands for; `wrong`: paths in the Pod. Nothing for a part of a Pod. Pure.
 */
export function independentCauses(task: JsonObject, wrong: readonly string[]): SchemaIssue[] {
  const { spec } = task;
  if (!isJsonObject(spec) || typeof spec['image'] !== 'string') return [];
  const broken = new Set([...wrong, ...validateSchema(taskKind, task).map(({ field }) => field)].map(fieldOfSpec));
  const sound = Object.fromEntries(Object.entries(spec).filter(([name]) => !broken.has(name)));
  // Its name is told apart.
  const whole = {
    ...task,
    metadata: { name: 'x' },
    spec: { ...sound, image: broken.has('image') ? 'x' : spec['image'] },
  };
  if (validateSchema(taskKind, whole).length > 0) return [];
  return taskKind.validate(whole as unknown as ApiObject).flatMap((cause) => {
    const name = fieldOfSpec(cause.field ?? '');
    const looksAt = [name, ...(new Map(Object.entries(alsoLooksAt)).get(name) ?? [])];
    if (looksAt.some((each) => broken.has(each))) return [];
    const { reason, message, field = '' } = asCauseOfPod(cause);
    return [{ reason, message, field, pointer: formatPointer(parseFieldPath(field)), unknownField: false }];
  });
}

/** `spec.containers[0].ports[1].name` and `spec.ports[1].name` are of `ports`; '' is none. */
function fieldOfSpec(path: string): string {
  const [root, name, index, ofContainer] = parseFieldPath(path);
  if (root !== 'spec') return '';
  return String(name === 'containers' && index === 0 ? (ofContainer ?? '') : (name ?? ''));
}
