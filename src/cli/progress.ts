import { createSpinner } from 'nanospinner';
import type { Cli } from './cli.js';
import type { Verdict } from './verdict.js';

/** Live progress on stderr: one moving line for people at a terminal, a plain line per change for everybody else. */
export interface Progress {
  show(name: string, verdict: Verdict): void;
  count(finished: number, all: number): void;
  close(): void;
}

export function openProgress(cli: Cli): Progress {
  const { stderr } = cli.environment;
  if (stderr.isTTY !== true) {
    return {
      show: (name, { type, text }) => {
        if (type === 'waiting') cli.note(`${name} ${text}`);
      },
      count: () => undefined,
      close: () => undefined,
    };
  }
  let last = '';
  let counted = '';
  const spinner = createSpinner('', { stream: stderr as unknown as NodeJS.WriteStream }).start();
  // A line that wraps cannot be taken back.
  const fit = (text: string): string => text.slice(0, Math.max(20, (stderr.columns ?? 80) - 4));
  const update = (): void => void spinner.update({ text: fit([counted, last].filter((part) => part).join('  ')) });
  return {
    show: (name, { text }) => {
      last = `${name} ${text}`;
      update();
    },
    count: (finished, all) => {
      counted = all > 1 ? `${finished} of ${all}` : '';
      update();
    },
    close: () => void spinner.clear().stop().clear(),
  };
}
