import { Writable } from 'node:stream';
import { destination } from 'pino';
import pretty from 'pino-pretty';
import { visible } from '../cli/visible.js';
import { own } from '../support/own.js';

/**
 * Where log lines go that a person reads: `13:05:01 WARN worker: message {"task":"web"}`, in colours, through `write` or to standard error. What a log
 * quotes of others commands no terminal.
 */
export function openPrettyLog(
  colorize: boolean,
  write: (text: string) => void = standardError(),
): NodeJS.WritableStream {
  return pretty({
    colorize,
    destination: new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _encoding, done) {
        write(visible(chunk.toString(), colorize));
        done();
      },
    }),
    // No colour behind letters: letters of that colour would be hidden.
    customColors: 'fatal:red,error:red,warn:yellow,info:green,debug:blue,trace:gray,message:cyan,greyMessage:gray',
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'component',
    messageFormat: (log, key) =>
      `${typeof log['component'] === 'string' ? `${log['component']}: ` : ''}${String(own(log, key))}`,
    singleLine: true,
    // A stack is for the JSON, which is for whoever looks for a fault of ours.
    errorLikeObjectKeys: [],
  });
}

/** Writes at once, so that the last words of a process are not lost. */
function standardError(): (text: string) => void {
  const stream = destination({ dest: 2, sync: true });
  // Nobody reads any more.
  stream.on('error', () => undefined);
  return (text) => stream.write(text);
}
