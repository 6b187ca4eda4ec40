import fc from 'fast-check';
import { expect, it } from 'vitest';
import { containerName } from '../../../src/worker/container-name.js';

const owners = fc.record({
  taskKey: fc.oneof(fc.constant('default/web'), fc.string({ maxLength: 300 })),
  taskUid: fc.uuid(),
  attempt: fc.integer({ min: 1, max: 1_000_000 }),
  nodeName: fc.constantFrom('w1', 'w2'),
});

it('is a name that every engine accepts, however the task is called', () => {
  fc.assert(
    fc.property(owners, (owner) => {
      expect(containerName(owner)).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/);
    }),
  );
});

it('is the same for the same owner and another one for any other', () => {
  const owner = { taskKey: 'default/web', taskUid: 'u1', attempt: 1, nodeName: 'w1' };
  expect(containerName({ ...owner })).toBe(containerName(owner));
  const others = [{ taskUid: 'u2' }, { attempt: 2 }, { nodeName: 'w2' }].map((other) =>
    containerName({ ...owner, ...other }),
  );
  expect(new Set([containerName(owner), ...others]).size).toBe(4);
  expect(containerName(owner)).toMatch(/^orch-default\.web-1-[0-9a-f]{12}$/);
});
