import type { TaskSpec } from '../../model/task.js';

/**
 * Kubernetes' references to environment variables, as in its forked `expansion` package: `$(NAME)` is the value of a variable
 * that there is, and stays as it is where there is none; `$$` is one `$`, so `$$(NAME)` is the text `$(NAME)`. What was put in is
 * not looked at again. Pure.
 */
export function expandReferences(text: string, variables: ReadonlyMap<string, string>): string {
  // No reference begins behind the last bracket: looking for its end there again and again would take long.
  const end = text.lastIndexOf(')') + 1;
  const head = text
    .slice(0, end)
    .replace(/\$(?:\$|\(([^)]*)\))/g, (written: string, name: string | undefined) =>
      name === undefined ? '$' : (variables.get(name) ?? written),
    );
  return head + text.slice(end).replaceAll('$$', () => '$');
}

/** The words of a command. Pure. */
export function expandCommand(words: readonly string[], variables: ReadonlyMap<string, string>): string[] {
  return words.map((word) => expandReferences(word, variables));
}

/** What the command of a probe may refer to, as in Kubernetes: the values that the task itself has. Pure. */
export function plainVariables(env: TaskSpec['env'] = []): Map<string, string> {
  return new Map(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])));
}
