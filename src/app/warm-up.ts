import { parseJson } from '../manifest/parse-json.js';
import { compileValidators } from '../manifest/validate-schema.js';
import type { JsonObject } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import { configMapKind } from '../model/config-map.js';
import { taskKind } from '../model/task.js';
import type { Registry } from '../registry/registry.js';
import { sleep, type Clock } from '../support/clock.js';
import type { Logger } from '../support/logger.js';

/** Enough for the engine to compile what it runs; each round is a few milliseconds. */
const rounds = 12;
const members = 250;

/**
 * Runs what large requests run, in small pieces and without writing, so that the first of them finds compiled code: cold,
 * it takes several times as long, and everybody waits for it. Never rejects.
 */
export async function warmUp(registry: Registry, clock: Clock, logger: Logger, signal: AbortSignal): Promise<void> {
  try {
    for (const compile of compileValidators()) {
      await sleep(clock, 0, signal);
      compile();
    }
    const texts = examples().map(({ kind, object }) => ({ kind, text: JSON.stringify(object) }));
    for (let round = 0; round < rounds; round += 1) {
      for (const { kind, text } of texts) {
        await sleep(clock, 0, signal);
        if (signal.aborted) return;
        const options = { dryRun: true, fieldManager: 'warm-up', fieldValidation: 'Warn' } as const;
        await registry.create(kind, parseJson(text), options);
      }
    }
  } catch (error) {
    logger.warn('warming up failed; the first large requests will take longer', { error });
  }
}

function examples(): { kind: Kind; object: JsonObject }[] {
  const names = Array.from({ length: members }, (_, index) => `k${index}`);
  const map = Object.fromEntries(names.map((name) => [name, 'v']));
  const metadata = { generateName: 'warm-up-', namespace: 'default', labels: map, annotations: map };
  const env = names.map((name) => ({ name, value: 'v' }));
  return [
    { kind: configMapKind, object: { metadata, data: map } },
    { kind: taskKind, object: { metadata, spec: { image: 'busybox', env, ...map } } },
  ];
}
