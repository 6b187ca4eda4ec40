import type { ErrorCause } from '../support/errors.js';
import type { TaskSpec } from './generated/task.js';

/** Linux ends a text with a NUL, and gives a program no longer word of a command, and no longer NAME=value (MAX_ARG_STRLEN). */
const maxWordBytes = 128 * 1024 - 1;

/** Texts of a task that no kernel can take: words, variables and paths with a NUL in them, or words that are too long. Pure. */
export function validateKernelTexts(spec: TaskSpec): ErrorCause[] {
  const { command = [], args = [], env = [], volumes = [], volumeMounts = [], workingDir, lifecycle } = spec;
  const commands: readonly [string, readonly string[]][] = [
    ['spec.command', command],
    ['spec.args', args],
    ['spec.lifecycle.preStop.exec.command', lifecycle?.preStop?.exec.command ?? []],
    ...(['startupProbe', 'livenessProbe', 'readinessProbe'] as const).map((probe): [string, readonly string[]] => [
      `spec.${probe}.exec.command`,
      spec[probe]?.exec?.command ?? [],
    ]),
  ];
  return [
    ...commands.flatMap(([field, words]) =>
      words.flatMap((word, index) => [
        ...nulIn(word, `${field}[${index}]`),
        ...tooLong(word, `${field}[${index}]`, 'a word of a command'),
      ]),
    ),
    ...env.flatMap(({ name, value = '' }, index) =>
      tooLong(`${name}=${value}`, `spec.env[${index}].value`, 'a variable with its name'),
    ),
    ...nulIn(workingDir, 'spec.workingDir'),
    ...volumes.flatMap(({ hostPath }, index) => nulIn(hostPath?.path, `spec.volumes[${index}].hostPath.path`)),
    ...volumeMounts.flatMap(({ mountPath }, index) => nulIn(mountPath, `spec.volumeMounts[${index}].mountPath`)),
  ];
}

function nulIn(text: string | undefined, field: string): ErrorCause[] {
  return text?.includes('\0') ? [invalid(field, 'may not have a NUL character in it: texts end there')] : [];
}

function tooLong(text: string, field: string, what: string): ErrorCause[] {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxWordBytes) return [];
  return [invalid(field, `has ${bytes} bytes: ${what} has at most ${maxWordBytes} on Linux; put it into a file`)];
}

function invalid(field: string, message: string): ErrorCause {
  return { reason: 'FieldValueInvalid', field, message };
}
