import { own } from '../../support/own.js';

/**
 * What a simulated container does, read off its command. A tiny language: the programs below do what they do in
 * busybox, anything else runs for ever, and a program whose name starts with `nope` or `missing` does not exist.
 * Pure: a command gives a list of steps, somebody else runs them.
 */
export type Step =
  | { do: 'print'; channel: 'stdout' | 'stderr'; text: string }
  /** Into a file, in place of what it had. */
  | { do: 'write'; path: string; text: string }
  /** Infinity: for ever. */
  | { do: 'wait'; seconds: number }
  | { do: 'exit'; code: number }
  | { do: 'goto'; step: number }
  /** Copies its input to its output until the input ends. */
  | { do: 'copyInput' }
  /** At the end of the input it goes on with `elseGoto`, if there is one. */
  | { do: 'readLine'; elseGoto?: number }
  | { do: 'printWindowSize' }
  /** Sends back what comes in on a TCP port; goes on at once. */
  | { do: 'listen'; port: number };

export interface Program {
  steps: Step[];
  /** Exit code after the stop signal; undefined: ignores it, as a process with PID 1 does when it has no handler. */
  exitCodeOnStop?: number;
  /** Set when there is no such program: the engine's own sentence. */
  missing?: string;
}

const forever: Step = { do: 'wait', seconds: Infinity };

/** Text by path or name. */
type Texts = Readonly<Record<string, string>>;

/** Whether a program may write there. */
type MayWrite = (path: string) => boolean;

/**
 * The program for a command; the environment replaces $NAME in scripts, `cat` reads files, `touch` fails where nothing may be written. An
 * empty command runs for ever.
 */
export function programOf(
  command: readonly string[],
  environment: Texts = {},
  files: Texts = {},
  mayWrite: MayWrite = () => true,
): Program {
  const [path = '', ...args] = command;
  const name = path.split('/').pop() ?? '';
  if (/^(nope|missing)/.test(name)) {
    return { steps: [], missing: `exec: "${path}": stat ${path}: no such file or directory: unknown` };
  }
  if ((name === 'sh' || name === 'bash' || name === 'ash') && args[0] === '-c') {
    return compileScript(args[1] ?? '', environment, files, mayWrite);
  }
  const { steps, status } = stepsOf(name, args, environment, files, mayWrite);
  return { steps: [...steps, { do: 'exit', code: status }] };
}

interface Compiled {
  steps: Step[];
  status: number;
}

function stepsOf(
  name: string,
  args: readonly string[],
  environment: Texts,
  files: Texts,
  mayWrite: MayWrite,
): Compiled {
  const seconds = args[0] === 'infinity' ? Infinity : Number.parseFloat(args[0] ?? '');
  switch (name) {
    case 'true':
    case ':':
      return { steps: [], status: 0 };
    case 'false':
      return { steps: [], status: 1 };
    case 'sleep':
      return Number.isNaN(seconds)
        ? { steps: [{ do: 'print', channel: 'stderr', text: `sleep: invalid number '${args[0] ?? ''}'\n` }], status: 1 }
        : { steps: [{ do: 'wait', seconds: Math.max(0, seconds) }], status: 0 };
    case 'echo': {
      const toErrors = args.some((word) => word === '>&2' || word === '1>&2');
      const words = args.filter((word) => word !== '>&2' && word !== '1>&2');
      const [path] = words.includes('>') ? words.splice(words.indexOf('>')).slice(1) : [];
      if (path !== undefined) return { steps: [{ do: 'write', path, text: `${words.join(' ')}\n` }], status: 0 };
      return {
        steps: [{ do: 'print', channel: toErrors ? 'stderr' : 'stdout', text: `${words.join(' ')}\n` }],
        status: 0,
      };
    }
    case 'cat':
      return args[0] === undefined ? { steps: [{ do: 'copyInput' }], status: 0 } : printFile(args[0], files);
    case 'ls':
      return { steps: [{ do: 'print', channel: 'stdout', text: namesIn(args[0] ?? '/', files) }], status: 0 };
    case 'touch':
      return touchFile(args[0] ?? '', mayWrite);
    case 'read':
      return { steps: [{ do: 'readLine' }], status: 0 };
    case 'hostname':
      return {
        steps: [{ do: 'print', channel: 'stdout', text: `${environment['HOSTNAME'] ?? 'localhost'}\n` }],
        status: 0,
      };
    case 'stty':
      return { steps: [{ do: 'printWindowSize' }], status: 0 };
    case 'nc': {
      const port = Number.parseInt(args[args.indexOf('-p') + 1] ?? '', 10);
      return { steps: [{ do: 'listen', port }, forever], status: 0 };
    }
    default:
      return { steps: [forever], status: 0 };
  }
}

function compileScript(script: string, environment: Texts, files: Texts, mayWrite: MayWrite): Program {
  const program: Program = { steps: [] };
  const loops: number[] = [];
  let status = 0;
  for (const { text, onlyAfterSuccess } of statementsOf(script)) {
    if (onlyAfterSuccess && status !== 0) continue;
    const words = wordsOf(text, environment);
    if (words[0] === 'exec') words.shift();
    const [name = '', ...args] = words;
    if (name === 'while') {
      loops.push(program.steps.length);
      if (args[0] === 'read') program.steps.push({ do: 'readLine' });
    } else if (name === 'done') {
      const begin = loops.pop() ?? 0;
      program.steps.push({ do: 'goto', step: begin });
      const condition = program.steps[begin];
      if (condition?.do === 'readLine') condition.elseGoto = program.steps.length;
    } else if (name === 'exit') {
      program.steps.push({ do: 'exit', code: args[0] === undefined ? status : Number.parseInt(args[0], 10) & 255 });
      return program;
    } else if (name === 'kill') {
      program.steps.push({ do: 'exit', code: 137 });
      return program;
    } else if (name === 'trap') {
      const handler = /^exit(?:\s+(\d+))?$/.exec(args[0] ?? '');
      if (handler && args.includes('TERM')) program.exitCodeOnStop = Number.parseInt(handler[1] ?? '0', 10);
    } else {
      const compiled = stepsOf(name, args, environment, files, mayWrite);
      program.steps.push(...compiled.steps);
      status = compiled.status;
    }
  }
  program.steps.push({ do: 'exit', code: status });
  return program;
}

function printFile(path: string, files: Texts): Compiled {
  const text = own(files, path);
  if (text !== undefined) return { steps: [{ do: 'print', channel: 'stdout', text }], status: 0 };
  const complaint = `cat: can't open '${path}': No such file or directory\n`;
  return { steps: [{ do: 'print', channel: 'stderr', text: complaint }], status: 1 };
}

function touchFile(path: string, mayWrite: MayWrite): Compiled {
  if (mayWrite(path)) return { steps: [], status: 0 };
  const complaint = `touch: ${path}: Read-only file system\n`;
  return { steps: [{ do: 'print', channel: 'stderr', text: complaint }], status: 1 };
}

/** What is right in a folder, each name in a line. */
function namesIn(folder: string, files: Texts): string {
  const begin = `${folder.replace(/\/$/, '')}/`;
  const inside = Object.keys(files).filter((path) => path.startsWith(begin));
  const names = new Set(inside.map((path) => path.slice(begin.length).split('/', 1)[0]));
  return [...names]
    .sort()
    .map((name) => `${name}\n`)
    .join('');
}

/** Statements between `;`, `&&` and line ends, outside quotes; `do`, `&` and `wait` fall away. */
function statementsOf(script: string): { text: string; onlyAfterSuccess: boolean }[] {
  const parts = script.match(/(?:"[^"]*"|'[^']*'|>&\d|&(?!&)|[^;&\n"'])+|&&|[;\n]/g) ?? [];
  const statements: { text: string; onlyAfterSuccess: boolean }[] = [];
  let onlyAfterSuccess = false;
  for (const part of parts) {
    if (part === '&&') onlyAfterSuccess = true;
    else if (part === ';' || part === '\n') onlyAfterSuccess = false;
    else {
      const text = part
        .trim()
        .replace(/^do\s+/, '')
        .replace(/\s*&$/, '');
      if (text !== '' && text !== 'do' && text !== 'wait') statements.push({ text, onlyAfterSuccess });
    }
  }
  return statements;
}

function wordsOf(statement: string, environment: Texts): string[] {
  const words = statement.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.startsWith("'")
      ? word.slice(1, -1)
      : word
          .replace(/"/g, '')
          .replace(
            /\$(?:\{(\w+)\}|(\w+))/g,
            (_all, braced?: string, plain?: string) => own(environment, braced ?? plain ?? '') ?? '',
          ),
  );
}
