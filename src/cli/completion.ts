import type { Command } from 'commander';
import { kinds } from '../model/kinds.js';
import { OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { own } from '../support/own.js';

export function defineCompletion(command: Command, cli: Cli): void {
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
    const verbs = (command.parent?.commands ?? []).map((verb) => ({ name: verb.name(), summary: verb.summary() }));
    if (!script) throw new OrchError('BadRequest', `orch completion ${shell}: choose bash, zsh or fish`);
    cli.print(script(verbs).trim());
  });
}

interface VerbName {
  name: string;
  summary: string;
}

const verbNames = (verbs: readonly VerbName[]): string => verbs.map(({ name }) => name).join(' ');
const kindNames = (): string => kinds.flatMap(({ plural, singular }) => [plural, singular]).join(' ');
const aboutKinds = ['get', 'describe', 'delete', 'wait', 'top', 'explain', 'label', 'annotate', 'patch'];
const aboutTasks = ['logs', 'exec', 'stop', 'start'];
const aboutDeployments = ['scale', 'rollout'];
const aboutNodes = ['taint', 'cordon', 'uncordon', 'drain', 'accept-restore'];

/** The word list, and the names of objects, which the shell asks orch for. */
const bash = (verbs: readonly VerbName[]): string => `
_orch_names() { orch get "$1" -o jsonpath='{.items[*].metadata.name}' 2>/dev/null; }
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
  case "$verb" in
    ${aboutKinds.join('|')})
      if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "${kindNames()}" -- "$word"))
      else COMPREPLY=($(compgen -W "$(_orch_names "\${COMP_WORDS[2]}")" -- "$word")); fi ;;
    ${aboutTasks.join('|')}) COMPREPLY=($(compgen -W "$(_orch_names tasks)" -- "$word")) ;;
    ${aboutDeployments.join('|')})
      if [ "$verb" = rollout ] && [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "status history undo restart pause resume" -- "$word"))
      else COMPREPLY=($(compgen -W "$(_orch_names deployments)" -- "$word")); fi ;;
    ${aboutNodes.join('|')}) COMPREPLY=($(compgen -W "$(_orch_names nodes)" -- "$word")) ;;
    help) COMPREPLY=($(compgen -W "${verbNames(verbs)}" -- "$word")) ;;
    completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$word")) ;;
    token) COMPREPLY=($(compgen -W "create list delete" -- "$word")) ;;
    config) COMPREPLY=($(compgen -W "path view current" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o default -F _orch orch
`;

const fish = (verbs: readonly VerbName[]): string => `
function __orch_names
  orch get $argv[1] -o jsonpath='{.items[*].metadata.name}' 2>/dev/null | string split ' '
end
complete -c orch -n __fish_use_subcommand -f
${verbs.map(({ name, summary }) => `complete -c orch -n __fish_use_subcommand -a ${name} -d '${summary.replaceAll("'", "\\'")}'`).join('\n')}
complete -c orch -n '__fish_seen_subcommand_from ${aboutKinds.join(' ')}' -f -a '${kindNames()}'
complete -c orch -n '__fish_seen_subcommand_from ${aboutTasks.join(' ')}' -f -a '(__orch_names tasks)'
complete -c orch -n '__fish_seen_subcommand_from rollout' -f -a 'status history undo restart pause resume'
complete -c orch -n '__fish_seen_subcommand_from ${aboutDeployments.join(' ')}' -f -a '(__orch_names deployments)'
complete -c orch -n '__fish_seen_subcommand_from ${aboutNodes.join(' ')}' -f -a '(__orch_names nodes)'
complete -c orch -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'
complete -c orch -n '__fish_seen_subcommand_from token' -f -a 'create list delete'
complete -c orch -n '__fish_seen_subcommand_from config' -f -a 'path view current'
`;

const scripts: Readonly<Record<string, (verbs: readonly VerbName[]) => string>> = {
  bash,
  // zsh runs completions that were written for bash.
  zsh: (verbs) => `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`,
  fish,
};
