import type { Readable } from 'node:stream';
import type { LogOptions, LogStream } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { deadlines } from '../deadlines.js';
import { OutputQueue } from '../output-queue.js';
import { Demultiplexer } from './demultiplexer.js';
import type { EngineConnection } from './engine-connection.js';
import { beginOfTail } from './line-tail.js';
import { LogPosition } from './log-position.js';
import { RawLines } from './raw-lines.js';
import { logQuery } from './log-query.js';
import type { OutputPiece } from './output-stream.js';
import { pumpOutput } from './output-stream.js';

/**
 * The output of a container of ours. When the container ends, an engine may end the followed output properly and yet
 * leave out what was written last (measured on 20.10: now and then, whoever reads). So at its end the rest is asked for
 * once more, without following.
 */
export async function openDockerLogs(
  connection: EngineConnection,
  containerId: string,
  options: LogOptions,
  hasTerminal: boolean,
): Promise<LogStream> {
  const open: OpenLogs = (query) =>
    connection.stream('logs', deadlines.list, (engine, abortSignal) =>
      engine.getContainer(containerId).logs({ follow: true, _query: logQuery(query), abortSignal }),
    );
  const framesOf = (): Frames => (hasTerminal ? new RawLines() : new Demultiplexer());
  const { follow, tailLines } = options;
  // What is written after the last lines were counted is not among them.
  const mostLines = follow || tailLines === undefined ? Infinity : Math.trunc(tailLines);
  return openOutput(await withoutTail(options, open, framesOf), { open, framesOf, mostLines });
}

type OpenLogs = (query: LogOptions) => Promise<Readable>;

/** The same output, told by a time instead of a number of lines: the engine counts other things than lines. */
async function withoutTail(options: LogOptions, open: OpenLogs, framesOf: () => Frames): Promise<LogOptions> {
  const { tailLines, ...wanted } = options;
  if (tailLines === undefined || tailLines < 1) return options;
  const ask = (messages: number | undefined): Promise<Readable> =>
    open({ ...wanted, follow: false, timestamps: true, ...(messages === undefined ? {} : { tailLines: messages }) });
  const begin = await beginOfTail(Math.trunc(tailLines), ask, framesOf);
  return begin === undefined ? wanted : { ...wanted, since: begin };
}

async function openOutput(
  options: LogOptions,
  { open, framesOf, mostLines }: { open: OpenLogs; framesOf: () => Frames; mostLines: number },
): Promise<LogStream> {
  const queue = new OutputQueue();
  const first = await open({ ...options, timestamps: options.follow || options.timestamps });
  const reading = options.follow
    ? followToEnd(first, open, framesOf, options, queue)
    : readOnce(first, framesOf(), queue, mostLines);
  reading.then(
    () => queue.end(),
    (error: unknown) => queue.end(error instanceof Error ? error : new Error(String(error))),
  );
  return {
    onOutput: (listener) => queue.onOutput(listener),
    finished: queue.finished,
    close: () => queue.close(),
  };
}

type Frames = Demultiplexer | RawLines;

function readOnce(stream: Readable, frames: Frames, queue: OutputQueue, mostLines: number): Promise<void> {
  let left = mostLines;
  return pumpOutput(stream, queue, (chunk) => {
    const pieces: OutputPiece[] = [];
    for (const { channel, data } of frames.push(chunk)) {
      const end = endOfLines(data, left);
      pieces.push({ channel, data: data.subarray(0, end.index) });
      left -= end.lines;
    }
    // Once these pieces are in the queue.
    if (left <= 0) queueMicrotask(() => queue.end());
    return pieces;
  });
}

/** Behind the last of the first so many lines that end in these bytes, and how many those are. */
function endOfLines(data: Uint8Array, most: number): { index: number; lines: number } {
  if (most === Infinity) return { index: data.length, lines: 0 };
  let index = 0;
  for (let lines = 0; lines < most; lines++) {
    const found = data.indexOf(10, index);
    if (found < 0) return { index: data.length, lines };
    index = found + 1;
  }
  return { index, lines: Math.max(0, most) };
}

async function followToEnd(
  first: Readable,
  open: OpenLogs,
  framesOf: () => Frames,
  { since, tailLines, timestamps }: LogOptions,
  queue: OutputQueue,
): Promise<void> {
  const position = new LogPosition(timestamps);
  const read = (stream: Readable): Promise<void> => {
    const frames = framesOf();
    return pumpOutput(stream, queue, (chunk) => position.read(frames.push(chunk)));
  };
  await read(first);
  if (queue.ended) return;
  const resumeAt = position.catchUp();
  const rest = resumeAt === undefined ? { since, tailLines } : { since: resumeAt };
  try {
    await read(await open({ ...rest, follow: false, timestamps: true }));
  } catch (error) {
    // Removed in between: what was read is all that there is.
    if (!(error instanceof RuntimeError && error.code === 'NotFound')) throw error;
  }
}
