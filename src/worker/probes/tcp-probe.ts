import { connect } from 'node:net';
import type { Clock } from '../../support/clock.js';
import type { ProbeResult } from './probe-result.js';
import { failure, success } from './probe-result.js';

/** A connection that opens within the deadline is a success. */
export function probeTcp(
  target: { host: string; port: number },
  timeoutMilliseconds: number,
  clock: Clock,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect(target);
    const finish = (result: ProbeResult): void => {
      timer.cancel();
      socket.destroy();
      resolve(result);
    };
    const timer = clock.setTimer(
      () => finish(failure(`TCP probe of port ${target.port} got no answer in time`)),
      timeoutMilliseconds,
    );
    socket.once('connect', () => finish(success));
    socket.once('error', (error) => finish(failure(`TCP probe of port ${target.port} failed: ${error.message}`)));
  });
}
