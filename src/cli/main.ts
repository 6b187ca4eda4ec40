import { Command, CommanderError } from 'commander';
import { errorMessage, isOrchError } from '../support/errors.js';
import type { CliEnvironment } from './cli.js';
import { Cli } from './cli.js';
import { readFlagValues } from './flag-values.js';
import { formatError } from './format-error.js';
import { verbs } from './verbs.js';
import { visible } from './visible.js';

/**
 * The command line. In: the arguments after the program's name, and everything it may touch; out: the exit code (0 done,
 * 1 error, 2 there are differences; `exec` passes on that of its command). Always holds: what was asked for goes to
 * stdout and everything about it to stderr; an error is a sentence and never a stack; what only some verbs need is
 * loaded by them. The caller sets process.exitCode and does not call process.exit, or long output is cut off.
 */
export async function main(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  const cli = new Cli(environment);
  const { stdout, env } = environment;
  const onClosedPipe = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    cli.endUnread();
  };
  stdout.on('error', onClosedPipe);
  try {
    const wanted = wantedVerb(argv);
    const program = await createProgram(cli, wanted);
    const options = program.commands.find((command) => command.name() === wanted)?.options ?? [];
    await program.parseAsync(argv.length === 0 ? ['--help'] : readFlagValues(argv, options), { from: 'user' });
    await written(stdout);
    return cli.exitCode;
  } catch (error) {
    await written(stdout);
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    cli.note(formatError(error, cli.colors));
    if (env['ORCH_DEBUG'] && error instanceof Error) cli.note(error.stack ?? errorMessage(error));
    else if (!isOrchError(error)) cli.note('(not an expected error; ORCH_DEBUG=1 shows where it comes from)');
    return 1;
  } finally {
    stdout.off('error', onClosedPipe);
  }
}

async function createProgram(cli: Cli, wanted: string | undefined): Promise<Command> {
  const { stdout, stderr } = cli.environment;
  const configure = (command: Command): Command =>
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void stdout.write(text),
        writeErr: (text) => void stderr.write(visible(text)),
        getOutHasColors: () => cli.colors.isColorSupported,
        getErrHasColors: () => cli.colors.isColorSupported,
        getOutHelpWidth: () => stdout.columns || 100,
        getErrHelpWidth: () => stderr.columns || 100,
      })
      .configureHelp({ showGlobalOptions: true, subcommandTerm: (sub) => sub.name() });
  const program = configure(new Command('orch'))
    .description('orch runs containers on plain Docker hosts the Kubernetes way.')
    .option('-n, --namespace <name>', 'the namespace to work in')
    .option('--config <file>', 'the kubeconfig of the manager to talk to (else $ORCH_CONFIG, else the default place)')
    .showHelpAfterError('Run `orch --help` for the list of commands.')
    .addHelpText(
      'after',
      `
Examples:
  orch up                          # a manager and a worker, here
  orch apply -f web.yaml --wait    # run what the manifest says
  orch get tasks -w                # watch
  orch help apply                  # everything about one command`,
    );
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .summary('show help for a command')
      .helpGroup(verbs.at(-1)?.group ?? ''),
  );
  for (const verb of verbs) {
    const command = configure(new Command(verb.name))
      .summary(verb.summary)
      .description(`${verb.summary.charAt(0).toUpperCase()}${verb.summary.slice(1)}.`)
      .helpGroup(verb.group)
      .showHelpAfterError(`Run \`orch ${verb.name} --help\` for what it takes.`);
    if (verb.name === wanted) (await verb.define())(command, cli, verbs);
    program.addCommand(command);
  }
  return program;
}

const optionsWithValue = new Set(['-n', '--namespace', '--config']);

/** The verb that was typed, or that help is asked about. */
function wantedVerb(argv: readonly string[]): string | undefined {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (optionsWithValue.has(word)) at += 1;
    else if (!word.startsWith('-') && word !== 'help') return word;
  }
  return undefined;
}

/** Resolves when the stream has taken what was written to it, or is closed. */
function written(stream: CliEnvironment['stdout']): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) return resolve();
    stream.once('close', resolve);
    stream.write('', () => {
      stream.off('close', resolve);
      resolve();
    });
  });
}
