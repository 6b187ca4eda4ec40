import { describe, expect, it } from 'vitest';
import { parseWarnings } from '../../../src/client/create-client.js';
import { errorFromAnswer } from '../../../src/client/status-error.js';

describe('errorFromAnswer', () => {
  it('keeps code, message and details of a Status', () => {
    const body = JSON.stringify({
      kind: 'Status',
      status: 'Failure',
      reason: 'Invalid',
      message: 'Task "web" is invalid',
      code: 422,
      details: {
        name: 'web',
        kind: 'Task',
        causes: [{ reason: 'FieldValueInvalid', message: 'bad', field: 'spec.image' }],
      },
    });
    expect(errorFromAnswer(422, body)).toMatchObject({
      code: 'Invalid',
      message: 'Task "web" is invalid',
      details: {
        name: 'web',
        kind: 'Task',
        causes: [{ reason: 'FieldValueInvalid', message: 'bad', field: 'spec.image' }],
      },
    });
  });

  it.each([
    [404, 'NotFound'],
    [409, 'Conflict'],
    [410, 'Expired'],
    [429, 'TooManyRequests'],
    [502, 'ServiceUnavailable'],
    [504, 'Timeout'],
    [418, 'BadRequest'],
    [599, 'InternalError'],
  ])('gives %i without a Status the code %s and says that no manager may be answering', (status, code) => {
    expect(errorFromAnswer(status, '<html>proxy</html>')).toMatchObject({
      code,
      message: expect.stringMatching(/proxy.*is the address right/),
    });
  });

  it('does not let a reason choose something that is not an error code', () => {
    const body = JSON.stringify({ kind: 'Status', reason: 'constructor', message: 'odd', code: 400 });
    expect(errorFromAnswer(400, body).code).toBe('BadRequest');
  });

  it('takes over how long to wait', () => {
    expect(errorFromAnswer(429, '', '7').details.retryAfterSeconds).toBe(7);
    expect(errorFromAnswer(429, '', 'soon').details.retryAfterSeconds).toBeUndefined();
  });
});

it('reads several warnings of one header, quoted characters too', () => {
  expect(parseWarnings('299 - "unknown field \\"spec.x\\"", 299 - "old, but fine"')).toEqual([
    'unknown field "spec.x"',
    'old, but fine',
  ]);
  expect(parseWarnings(undefined)).toEqual([]);
});
