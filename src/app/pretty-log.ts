import pretty from 'pino-pretty';
import { own } from '../support/own.js';

/** Where log lines go that a person reads: `13:05:01 WARN worker: message {"task":"web"}`, in colours, on standard error. */
export function openPrettyLog(colorize: boolean): NodeJS.WritableStream {
  return pretty({
    colorize,
    destination: 2,
    sync: true,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'component',
    messageFormat: (log, key) =>
      `${typeof log['component'] === 'string' ? `${log['component']}: ` : ''}${String(own(log, key))}`,
    singleLine: true,
    // A stack is for the JSON, which is for whoever looks for a fault of ours.
    errorLikeObjectKeys: [],
  });
}
