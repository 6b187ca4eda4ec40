import { stat } from 'node:fs/promises';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { isOrchError, OrchError } from '../support/errors.js';
import type { Cli } from './cli.js';
import { runSession, type SessionStreams } from './command-session.js';
import type { Connection } from './connection.js';
import { withConnection } from './connection.js';
import { parseCopyEnd, splitContainerPath } from './container-path.js';
import { findTask } from './task-target.js';

export function defineCp(command: Command, cli: Cli): void {
  command
    .argument('<from>', 'a path here, or TASK:PATH')
    .argument('<to>', 'TASK:PATH, or a path here')
    .addHelpText(
      'after',
      `
Copies a file or a folder into a container or out of one; the container needs tar. TASK is NAME, task/NAME or
deployment/NAME. Into a folder that is there, it goes under its own name. Links that a container sends are left out.

Examples:
  orch cp site web:/srv
  orch cp web:/var/log/app.log .
  orch cp deployment/shop:/etc/shop ./shop-config`,
    );
  cli.run(command, async ([from = '', to = ''], options) => {
    const [source, target] = [parseCopyEnd(from), parseCopyEnd(to)];
    if (source.type === target.type) {
      const reason = source.type === 'local' ? 'neither names a task: write TASK:PATH' : 'both name a task';
      throw new OrchError('BadRequest', `one of <from> and <to> is here and the other in a container; ${reason}`);
    }
    return withConnection(cli.environment, options, async (connection) => {
      const word = source.type === 'task' ? source.task : target.type === 'task' ? target.task : '';
      const task = await findTask(cli, connection, word, 'orch cp');
      const container = { run: runIn(cli, connection, task), task };
      if (source.type === 'task') await copyOut(cli, container, source.path, target.path);
      else await copyIn(cli, container, source.path, target.path);
    });
  });
}

/** Runs a command in the container; resolves with its exit code and what it said on stderr. */
type RunInContainer = (
  command: readonly string[],
  streams: Partial<Pick<SessionStreams, 'stdin' | 'stdout'>>,
) => Promise<{ exitCode: number; said: string }>;

interface Container {
  task: string;
  run: RunInContainer;
}

const maxSaidBytes = 8_192;

function runIn(cli: Cli, connection: Connection, task: string): RunInContainer {
  return async (command, { stdin, stdout = ignored() }) => {
    const stderr = new PassThrough();
    let said = '';
    stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString('utf8')}`.slice(0, maxSaidBytes)));
    const streams = { ...(stdin && { stdin }), stdout, stderr, tty: false };
    const exitCode = await runSession(cli, connection, task, { subresource: 'exec', command }, streams);
    return { exitCode, said: said.trim() };
  };
}

function ignored(): PassThrough {
  return new PassThrough().resume();
}

async function copyIn(cli: Cli, { run, task }: Container, from: string, to: string): Promise<void> {
  const path = resolve(from);
  const isFolder = await stat(path).catch(() => undefined);
  if (!isFolder) throw new OrchError('BadRequest', `there is no ${from}`);
  const isInto = to.endsWith('/') || (await isFolderThere(run, to));
  const { folder, name } = splitContainerPath(isInto ? posix.join(to, basename(path)) : to);
  const { packTar } = await import('./pack-tar.js');
  const { archive, done } = packTar(path, name, (skipped, why) => cli.warn(`${skipped} is left out: it is ${why}`));
  const unpacking = run(['tar', '-x', '-m', '-o', '-f', '-', '-C', folder], { stdin: archive });
  const packing = done.catch((error: unknown) => {
    archive.destroy();
    throw error;
  });
  const [unpacked, packed] = await Promise.allSettled([
    withTar(task, unpacking).finally(() => archive.destroy()),
    packing,
  ]);
  // What the container did not get is no fault of its own.
  if (packed.status === 'rejected' && isOrchError(packed.reason)) throw packed.reason;
  if (unpacked.status === 'rejected') throw unpacked.reason;
  if (unpacked.value.exitCode !== 0) throw tarFailed(task, unpacked.value);
  if (packed.status === 'rejected') throw packed.reason;
}

async function isFolderThere(run: RunInContainer, path: string): Promise<boolean> {
  try {
    return (await run(['test', '-d', path], {})).exitCode === 0;
  } catch (error) {
    // An image without `test` may have tar all the same.
    if (isOrchError(error) && !isOrchError(error, 'ServiceUnavailable') && !isOrchError(error, 'NotFound'))
      return false;
    throw error;
  }
}

async function copyOut(cli: Cli, { run, task }: Container, from: string, to: string): Promise<void> {
  const { folder, name } = splitContainerPath(from);
  const isInto = await stat(resolve(to)).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (to.endsWith('/') && !isInto) throw new OrchError('BadRequest', `there is no folder ${to}`);
  const target = isInto && name !== '.' ? join(resolve(to), name) : resolve(to);
  const parent = await stat(dirname(target)).catch(() => undefined);
  if (!parent?.isDirectory()) throw new OrchError('BadRequest', `there is no folder ${dirname(target)}`);
  const { extractTar } = await import('./extract-tar.js');
  const archive = new PassThrough();
  const packing = withTar(task, run(['tar', '-c', '-f', '-', '-C', folder, `./${name}`], { stdout: archive }));
  let skipped = 0;
  const extracting = extractTar(archive, name, target, (path, why) => {
    skipped += 1;
    if (skipped <= 10) cli.warn(`${path} is left out: it is ${why}`);
  });
  const ended = packing.finally(() => archive.end());
  const [tar, extracted] = await Promise.allSettled([ended, extracting]);
  if (skipped > 10) cli.warn(`${skipped - 10} more are left out`);
  if (tar.status === 'rejected') throw tar.reason;
  if (tar.value.exitCode !== 0) throw tarFailed(task, tar.value);
  if (extracted.status === 'rejected') throw extracted.reason;
}

async function withTar<T>(task: string, running: Promise<T>): Promise<T> {
  try {
    return await running;
  } catch (error) {
    if (!isOrchError(error, 'BadRequest')) throw error;
    throw new OrchError('BadRequest', `cp needs the program tar in the container of task/${task}: ${error.message}`);
  }
}

function tarFailed(task: string, { exitCode, said }: { exitCode: number; said: string }): OrchError {
  const detail = said === '' ? `tar ended with exit code ${exitCode}` : said.split('\n').slice(0, 5).join('\n');
  return new OrchError('BadRequest', `in the container of task/${task}: ${detail}`);
}
