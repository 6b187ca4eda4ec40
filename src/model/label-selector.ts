import type { LabelSelector } from './generated/deployment.js';
import { matchesLabels, maxSelectorLength, maxTerms, parseLabelSelector } from './selectors.js';
import type { ErrorCause } from '../support/errors.js';

export type { LabelSelector } from './generated/deployment.js';

/** The selector as a list's labelSelector says it: `app=web,tier in (a,b),!old`. Pure. */
export function formatLabelSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
    }
  });
  return [...labels, ...expressions].join(',');
}

/** A test for labels. Pure. */
export function compileLabelSelector(
  selector: LabelSelector,
): (labels: Readonly<Record<string, string>> | undefined) => boolean {
  const requirements = parseLabelSelector(formatLabelSelector(selector));
  return (labels) => matchesLabels(requirements, labels);
}

/** What is wrong with a selector at `field` that the schema cannot say. Pure. */
export function labelSelectorCauses(selector: LabelSelector, field: string): ErrorCause[] {
  const text = formatLabelSelector(selector);
  if (text === '') {
    return [
      { reason: 'FieldValueInvalid', field, message: 'must name at least one label: it would select everything' },
    ];
  }
  if (text.length > maxSelectorLength) {
    const message = `has ${text.length} characters in all, more than ${maxSelectorLength}`;
    return [{ reason: 'FieldValueTooLong', field, message }];
  }
  const terms = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  if (terms > maxTerms) {
    return [{ reason: 'FieldValueTooMany', field, message: `has ${terms} conditions, more than ${maxTerms}` }];
  }
  return (selector.matchExpressions ?? []).flatMap(({ operator, values = [] }, index) => {
    const takesValues = operator === 'In' || operator === 'NotIn';
    if (takesValues === values.length > 0) return [];
    const message = takesValues ? `is required for ${operator}` : `must be left out for ${operator}`;
    const reason = takesValues ? 'FieldValueRequired' : 'FieldValueForbidden';
    return [{ reason, field: `${field}.matchExpressions[${index}].values`, message }];
  });
}
