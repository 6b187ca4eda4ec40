import type { Command } from 'commander';
import { kinds } from '../model/kinds.js';
import { own } from '../support/own.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import type { Operands, Verb } from './verb.js';

export function defineCompletion(command: Command, cli: Cli, verbs: readonly Verb[]): void {
  command.argument('<shell>', 'bash, zsh or fish').addHelpText(
    'after',
    `
Examples:
  source <(orch completion bash)              # in ~/.bashrc
  source <(orch completion zsh)               # in ~/.zshrc
  orch completion fish > ~/.config/fish/completions/orch.fish`,
  );
  cli.run(command, async ([shell = '']) => {
    const script = own(scripts, shell);
    if (!script) throw new OrchError('BadRequest', `orch completion ${shell}: choose bash, zsh or fish`);
    cli.print(script(verbs).trim());
  });
}

type Verbs = readonly Verb[];

const verbNames = (verbs: Verbs): string => verbs.map(({ name }) => name).join(' ');
const kindNames = (): string => kinds.flatMap(({ plural, singular }) => [plural, singular]).join(' ');
const withNames = (verbs: Verbs, names: Operands['names']): string[] =>
  verbs.filter(({ operands }) => operands.names === names).map(({ name }) => name);
const withWords = (verbs: Verbs): [verb: string, words: string][] =>
  verbs.flatMap(({ name, operands }) => (operands.words ? [[name, operands.words.join(' ')]] : []));

/** The word list, and the names of objects, which the shell asks orch for. */
const bash = (verbs: Verbs): string => `
_orch_names() { orch get "$1" -o jsonpath='{.items[*].metadata.name}' 2>/dev/null; }
_orch_named() { compgen -P "$1/" -W "$(_orch_names "$1")" -- "\${2#*/}"; }
_orch() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${verbNames(verbs)} help" -- "$word"))
    return
  fi
  case "$before" in
    -f|--filename|--config|--data|--watch) COMPREPLY=($(compgen -f -- "$word")); return ;;
    -n|--namespace) COMPREPLY=($(compgen -W "$(_orch_names namespaces)" -- "$word")); return ;;
    -o|--output) COMPREPLY=($(compgen -W "wide name json yaml jsonpath= custom-columns=" -- "$word")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 2 ]; then
    case "$verb" in
${withWords(verbs)
  .map(([verb, words]) => `      ${verb}) COMPREPLY=($(compgen -W "${words}" -- "$word")); return ;;`)
  .join('\n')}
    esac
  fi
  case "$verb" in
    ${withNames(verbs, 'kinds').join('|')})
      if [[ "$word" == */* ]]; then COMPREPLY=($(_orch_named "\${word%%/*}" "$word"))
      elif [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "${kindNames()}" -- "$word"))
      else COMPREPLY=($(compgen -W "$(_orch_names "\${COMP_WORDS[2]}")" -- "$word")); fi ;;
    ${withNames(verbs, 'containers').join('|')})
      if [[ "$word" == */* ]]; then COMPREPLY=($(_orch_named "\${word%%/*}" "$word"))
      else COMPREPLY=($(compgen -W "$(_orch_names tasks) deployment/" -- "$word")); fi
      [[ "\${COMPREPLY[0]}" == */ ]] && compopt -o nospace 2>/dev/null ;;
    ${withNames(verbs, 'images').join('|')})
      if [[ "$word" == */* ]]; then COMPREPLY=($(_orch_named "\${word%%/*}" "$word"))
      else COMPREPLY=($(compgen -W "deployment/ task/" -- "$word")); compopt -o nospace 2>/dev/null; fi ;;
    ${withNames(verbs, 'deployments').join('|')})
      if [[ "$word" == */* ]]; then COMPREPLY=($(_orch_named "\${word%%/*}" "$word"))
      else COMPREPLY=($(compgen -W "$(_orch_names deployments)" -- "$word")); fi ;;
    ${withNames(verbs, 'tasks').join('|')}) COMPREPLY=($(compgen -W "$(_orch_names tasks)" -- "$word")) ;;
    ${withNames(verbs, 'nodes').join('|')}) COMPREPLY=($(compgen -W "$(_orch_names nodes)" -- "$word")) ;;
    help) COMPREPLY=($(compgen -W "${verbNames(verbs)}" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o default -F _orch orch
`;

const fish = (verbs: Verbs): string => {
  const after = (names: readonly string[]): string => `'__fish_seen_subcommand_from ${names.join(' ')}'`;
  return `
function __orch_names
  set -l prefix $argv[2]
  for name in (orch get $argv[1] -o jsonpath='{.items[*].metadata.name}' 2>/dev/null | string split ' ')
    echo $prefix$name
  end
end
complete -c orch -n __fish_use_subcommand -f
${verbs.map(({ name, summary }) => `complete -c orch -n __fish_use_subcommand -a ${name} -d '${summary.replaceAll("'", "\\'")}'`).join('\n')}
${withWords(verbs)
  .map(([verb, words]) => `complete -c orch -n ${after([verb])} -f -a '${words}'`)
  .join('\n')}
complete -c orch -n ${after(withNames(verbs, 'kinds'))} -f -a '${kindNames()}'
complete -c orch -n ${after([...withNames(verbs, 'containers'), ...withNames(verbs, 'tasks')])} -f -a '(__orch_names tasks)'
complete -c orch -n ${after([...withNames(verbs, 'containers'), ...withNames(verbs, 'images')])} -f -a '(__orch_names deployments deployment/)'
complete -c orch -n ${after(withNames(verbs, 'images'))} -f -a '(__orch_names tasks task/)'
complete -c orch -n ${after(withNames(verbs, 'deployments'))} -f -a '(__orch_names deployments)'
complete -c orch -n ${after(withNames(verbs, 'nodes'))} -f -a '(__orch_names nodes)'
`;
};

const scripts: Readonly<Record<string, (verbs: Verbs) => string>> = {
  bash,
  // zsh runs completions that were written for bash.
  zsh: (verbs) => `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`,
  fish,
};
