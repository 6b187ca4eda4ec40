import type { Timer } from '../support/clock.js';
import type { Cli } from './cli.js';
import type { Verdict } from './verdict.js';
import { visibleLine } from './visible.js';

/** Live progress on stderr: one moving line for people at a terminal, a plain line per change for everybody else. */
interface Progress {
  show(name: string, verdict: Verdict): void;
  count(finished: number, all: number): void;
  close(): void;
}

const frames = ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇'];
const frameMilliseconds = 120;
const clearLine = '\r\u001b[2K';

export function openProgress(cli: Cli): Progress {
  return cli.environment.stderr.isTTY === true ? openMovingLine(cli) : openPlainLines(cli);
}

function openPlainLines(cli: Cli): Progress {
  return {
    show: (name, { type, text }) => {
      if (type === 'waiting') cli.note(`${visibleLine(name)} ${visibleLine(text)}`);
    },
    count: () => undefined,
    close: () => undefined,
  };
}

function openMovingLine(cli: Cli): Progress {
  const { stderr, clock } = cli.environment;
  let last = '';
  let counted = '';
  let turn = 0;
  let timer: Timer | undefined;
  const draw = (): void => {
    const line = [frames[turn++ % frames.length], counted, last].filter((part) => part !== '').join(' ');
    // A line that wraps could not be taken back.
    stderr.write(clearLine + line.slice(0, Math.max(20, (stderr.columns || 80) - 1)));
    timer = clock.setTimer(draw, frameMilliseconds);
  };
  draw();
  return {
    show: (name, { text }) => (last = `${visibleLine(name)} ${visibleLine(text)}`),
    count: (finished, all) => (counted = all > 1 ? `${finished} of ${all}` : ''),
    close: () => {
      timer?.cancel();
      stderr.write(clearLine);
    },
  };
}
