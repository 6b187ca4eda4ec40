import { nearest } from '../manifest/nearest.js';
import type { Stored } from '../model/api-object.js';
import type { Condition } from '../model/conditions.js';
import { unmetGates } from '../model/readiness.js';
import { taskKind, type Task } from '../model/task.js';
import { taskStates } from '../model/task-state.js';
import { OrchError } from '../support/errors.js';
import { findByPath } from './json-path.js';
import type { Judge } from './verdict.js';
import { done, explainState, waiting } from './verdict.js';

/** `condition=Ready`, `state=Running`, ... -> a judge. Throws BadRequest that lists what there is. */
export function parseFor(text: string): Judge {
  const [word = '', ...rest] = text.split('=');
  const argument = rest.join('=');
  if (word === 'delete' && argument === '') {
    return (object) => (object === undefined ? done('deleted') : waiting(describe(object)));
  }
  if (word === 'create' && argument === '') {
    return (object) => (object === undefined ? waiting('does not exist') : done('exists'));
  }
  if (word === 'condition' && argument !== '') {
    const [type = '', status = 'True'] = argument.split('=');
    return ifPresent((object) => {
      const condition = conditionsOf(object).find((each) => each.type.toLowerCase() === type.toLowerCase());
      const unmet = condition?.type === 'Ready' && object.kind === taskKind.kind ? unmetOf(object as Task) : [];
      if (unmet.length > 0 && status.toLowerCase() === 'true') return waiting(`condition ${type}: ${unmet.join('; ')}`);
      if (condition?.status.toLowerCase() === status.toLowerCase()) return done(`condition ${type} met`);
      const now = condition === undefined ? 'absent' : explainState(condition.status, condition);
      return waiting(`condition ${type} is ${now}`);
    });
  }
  if (word === 'state' && argument !== '') {
    const wanted = taskStates.find((state) => state.toLowerCase() === argument.toLowerCase());
    if (wanted === undefined) {
      const meant = nearest(argument, taskStates);
      throw new OrchError(
        'BadRequest',
        `--for state=${argument}: the states are ${taskStates.join(', ')}${meant ? ` (did you mean "${meant}"?)` : ''}`,
      );
    }
    return ifPresent((object) => (stateOf(object) === wanted ? done(wanted) : waiting(describe(object))));
  }
  if (word === 'jsonpath' && argument !== '') {
    const match = /^(\{.*\}|[^{=]+)(?:=(.*))?$/s.exec(argument);
    if (!match) throw new OrchError('BadRequest', `--for jsonpath=${argument}: write it like {.status.state}=Running`);
    const [, path = '', value] = match;
    // A mistake in the path shows now and not after the timeout.
    findByPath(path, {});
    const wanted = value?.replace(/^(["'])(.*)\1$/s, '$2');
    return ifPresent((object) => {
      const found = findByPath(path, object).map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
      const met = wanted === undefined ? found.length > 0 : found.includes(wanted);
      return met ? done(`condition met`) : waiting(`${path} is ${found.length === 0 ? 'absent' : found.join(', ')}`);
    });
  }
  throw new OrchError(
    'BadRequest',
    `--for ${text}: write condition=TYPE, state=STATE, delete, create, or jsonpath=PATH=VALUE`,
  );
}

function ifPresent(judge: (object: Stored) => ReturnType<Judge>): Judge {
  return (object) => (object === undefined ? waiting('does not exist') : judge(object));
}

interface WithStatus {
  status?: { state?: string; reason?: string; message?: string; conditions?: Condition[] };
}

function conditionsOf(object: Stored): Condition[] {
  return (object as WithStatus).status?.conditions ?? [];
}

function unmetOf({ spec, status }: Partial<Task>): string[] {
  return unmetGates(spec?.readinessGates ?? [], status?.conditions);
}

function stateOf(object: Stored): string {
  return (object as WithStatus).status?.state ?? 'Pending';
}

function describe(object: Stored): string {
  const { status } = object as WithStatus;
  if (object.metadata.deletionTimestamp) return 'is being deleted';
  return status?.state === undefined ? 'exists' : explainState(status.state, status);
}
