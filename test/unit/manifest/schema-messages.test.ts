import type { ErrorObject } from 'ajv';
import { expect, it } from 'vitest';
import { explainSchemaErrors } from '../../../src/manifest/schema-messages.js';

it('looks at a bounded part of very many errors', () => {
  let looks = 0;
  const items = 20_000;
  const errorOf = (keyword: string, params: Record<string, string>, index: number): ErrorObject => ({
    get keyword() {
      looks++;
      return keyword;
    },
    instancePath: `/spec/env/${index}`,
    schemaPath: '#',
    params,
  });
  const errors = Array.from({ length: items }, (_, index) => [
    errorOf('required', { missingProperty: 'name' }, index),
    errorOf('additionalProperties', { additionalProperty: 'nam' }, index),
  ]).flat();
  const root = { spec: { env: Array.from({ length: items }, () => ({ nam: 1 })) } };
  const issues = explainSchemaErrors(errors, root, {}, () => undefined);
  expect(issues).toHaveLength(20);
  expect(issues[0]?.message).toContain('unknown field "nam"');
  expect(looks).toBeLessThan(20_000);
});
