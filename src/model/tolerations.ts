import type { ErrorCause } from '../support/errors.js';
import type { Toleration } from './generated/task.js';

const labelKey = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValue = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** Kubernetes' rules for tolerations, beyond the schema: one that breaks them would tolerate nothing. Pure. */
export function tolerationCauses(tolerations: readonly Toleration[] = []): ErrorCause[] {
  return tolerations.flatMap((toleration, index) => {
    const { key = '', operator = 'Equal', value = '', effect, tolerationSeconds } = toleration;
    const field = `spec.tolerations[${index}]`;
    const causes: ErrorCause[] = [];
    const refuse = (name: string, message: string): void => {
      causes.push({ reason: 'FieldValueInvalid', field: `${field}.${name}`, message });
    };
    if (key === '' && operator !== 'Exists') {
      refuse('operator', 'must be Exists when key is empty, which means every taint: name a key, or write Exists');
    }
    if (key !== '' && (key.length > 317 || !labelKey.test(key))) {
      refuse(
        'key',
        `"${key.slice(0, 80)}" is not the key of a taint: write it like dedicated or example.com/dedicated`,
      );
    }
    if (operator === 'Exists' && value !== '') refuse('value', 'must be left out when operator is Exists');
    else if (!labelValue.test(value)) refuse('value', `"${value.slice(0, 80)}" is not the value of a taint`);
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      refuse('effect', 'must be NoExecute when tolerationSeconds is set: no other effect drives a task away');
    }
    return causes;
  });
}
