import type { Writable } from 'node:stream';
import type { Response } from 'express';
import type { StreamRequest } from '../../model/worker-tunnel.js';
import { toTimestamp } from '../../support/clock.js';
import { OrchError } from '../../support/errors.js';
import { keyOfPath, type ApiContext, type Handler } from '../api-context.js';
import { sendJson } from '../object-response.js';
import { queryFlag, queryInteger, queryValue, shorten, type Query } from '../query.js';
import { failureStatus } from '../status.js';
import { streamError, streamTarget } from './stream-target.js';
import type { TunnelStream } from './tunnel.js';

/** How long an answer waits for a first byte or an error before it begins; then it can no longer become an error. */
const decideMilliseconds = 500;

/** Where a log goes, over HTTP or a WebSocket. */
interface LogOutput {
  stream: Writable;
  /** May be called again. */
  begin(): void;
  /** The log ends with an error; what came before it is not all. */
  fail(error: OrchError): void;
}

/** GET tasks/NAME/log: the container's output as text, as it comes, with stdout and stderr in one. */
export function logHandler(context: ApiContext): Handler {
  return async (request, response) => {
    const key = keyOfPath(request);
    const query = request.query as Query;
    const options = logOptions(query, context.clock.now());
    const limitBytes = queryInteger(query, 'limitBytes') ?? Infinity;
    const { nodeName, taskUid } = await streamTarget(context, key, queryValue(query, 'container'));
    if (response.destroyed) return;
    relayLog(context, logOver(response), nodeName, { type: 'logs', taskUid, ...options }, limitBytes);
  };
}

function logOver(response: Response): LogOutput {
  return {
    stream: response,
    begin() {
      if (response.headersSent) return;
      response.status(200).set('Content-Type', 'text/plain; charset=utf-8').set('Cache-Control', 'no-store');
      response.flushHeaders();
    },
    fail(error) {
      // Too late for a Status: a broken-off body tells the client that this is not all.
      if (response.headersSent) response.destroy();
      else sendJson(response, error.httpStatus, failureStatus(error));
    },
  };
}

/** Throws as a tunnel does that cannot be opened. */
export function relayLog(
  context: ApiContext,
  output: LogOutput,
  nodeName: string,
  request: StreamRequest,
  limitBytes: number,
): void {
  let left = limitBytes;
  const { stream: target } = output;
  const timer = context.clock.setTimer(() => output.begin(), decideMilliseconds);
  const stop = (): void => finish();
  const finish = (): void => {
    output.begin();
    target.end();
  };
  const stream: TunnelStream = context.tunnels.open(nodeName, request, {
    onData(_channel, payload) {
      output.begin();
      if (target.writableEnded) return true;
      left -= payload.length;
      if (left > 0) return target.write(payload);
      target.end(payload.subarray(0, payload.length + left));
      return true; // its close cancels the stream
    },
    onEnd({ error }) {
      timer.cancel();
      if (error) output.fail(streamError(error));
      else finish();
    },
  });
  target.on('drain', () => stream.resume());
  context.openStreams.add(stop);
  target.on('close', () => {
    timer.cancel();
    context.openStreams.delete(stop);
    stream.cancel();
  });
}

/** Pure. Throws BadRequest for values that cannot be meant. */
export function logOptions(
  query: Query,
  nowMilliseconds: number,
): { follow: boolean; timestamps: boolean; previous: boolean; tailLines?: number; since?: string } {
  const tailLines = queryInteger(query, 'tailLines');
  const since = sinceOf(query, nowMilliseconds);
  return {
    follow: queryFlag(query, 'follow'),
    timestamps: queryFlag(query, 'timestamps'),
    previous: queryFlag(query, 'previous'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { since }),
  };
}

function sinceOf(query: Query, nowMilliseconds: number): string | undefined {
  const time = queryValue(query, 'sinceTime');
  const seconds = queryInteger(query, 'sinceSeconds');
  if (time !== undefined && seconds !== undefined) {
    throw new OrchError('BadRequest', 'give either sinceTime or sinceSeconds, not both');
  }
  if (time !== undefined && (!/^\d{4}-\d\d-\d\dT/.test(time) || Number.isNaN(Date.parse(time)))) {
    throw new OrchError('BadRequest', `sinceTime must be a time like 2026-01-31T12:00:00Z, not "${shorten(time)}"`);
  }
  return time ?? (seconds === undefined ? undefined : toTimestamp(Math.max(0, nowMilliseconds - seconds * 1000)));
}
