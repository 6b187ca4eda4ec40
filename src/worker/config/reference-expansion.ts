import type { TaskSpec } from '../../model/task.js';
import { ConfigProblem } from './config-problem.js';

/** So much may be put into one text, and into all of them: Linux gives a program no more either (MAX_ARG_STRLEN, ARG_MAX). */
const maxPutIntoText = 128 * 1024;
const maxPutIntoAll = 2 * 1024 * 1024;

/**
 * Kubernetes' references to environment variables, as in its forked `expansion` package: `$(NAME)` is the value of a variable
 * that there is, and stays as it is where there is none; `$$` is one `$`, so `$$(NAME)` is the text `$(NAME)`. What was put in is
 * not looked at again. Always holds: a small text that refers to a large one many times becomes no flood.
 */
export class ReferenceExpansion {
  private left = maxPutIntoAll;

  /** `variables` may grow between texts: each refers to those that are there. */
  constructor(private readonly variables: ReadonlyMap<string, string>) {}

  /** Throws a ConfigProblem that names `field` when too much would be put in. */
  expand(text: string, field: string): string {
    let putIn = 0;
    const valueOf = (written: string, name: string | undefined): string => {
      if (name === undefined) return '$';
      const value = this.variables.get(name);
      if (value === undefined) return written;
      putIn += value.length;
      if (putIn > maxPutIntoText) throw tooMuch(field, `more than ${maxPutIntoText / 1024} KiB`);
      if (putIn > this.left) throw tooMuch(field, `together with the others more than ${maxPutIntoAll / 1024} KiB`);
      return value;
    };
    // No reference begins behind the last bracket: looking for its end there again and again would take long.
    const end = text.lastIndexOf(')') + 1;
    const head = text.slice(0, end).replace(/\$(?:\$|\(([^)]*)\))/g, valueOf);
    this.left -= putIn;
    return head + text.slice(end).replaceAll('$$', () => '$');
  }

  /** The words of a command; `field`: of the whole list. */
  expandAll(words: readonly string[], field: string): string[] {
    return words.map((word, index) => this.expand(word, `${field}[${index}]`));
  }
}

/** What the command of a probe may refer to, as in Kubernetes: the values that the task itself has. Pure. */
export function plainVariables(env: TaskSpec['env'] = []): Map<string, string> {
  return new Map(env.map(({ name, value = '' }) => [name, value]));
}

function tooMuch(field: string, amount: string): ConfigProblem {
  return new ConfigProblem(
    `${field}: the variables that it refers to are ${amount}, which no program can be given: refer to them less often`,
  );
}
