import { request } from 'node:http';
import type { Clock } from '../../support/clock.js';
import type { ProbeResult } from './probe-result.js';
import { failure, success } from './probe-result.js';

export interface HttpTarget {
  host: string;
  port: number;
  path: string;
}

const maxBodyBytes = 10 * 1024;
const maxRedirects = 5;

/**
 * GET: 200 to 399 is a success. The deadline holds for everything together; no more than 10 KiB of a body is read; a redirect
 * is followed on the same host and port only, one to elsewhere is a failure.
 */
export async function probeHttp(target: HttpTarget, timeoutMilliseconds: number, clock: Clock): Promise<ProbeResult> {
  const deadline = new AbortController();
  const timer = clock.setTimer(() => deadline.abort(), timeoutMilliseconds);
  try {
    let { path } = target;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const { status, location } = await get({ ...target, path }, deadline.signal);
      if (status < 200 || status >= 400) return failure(`HTTP probe of ${path} failed with status ${status}`);
      if (status < 300 || location === undefined) return success;
      const base = `http://${hostPart(target.host)}:${target.port}`;
      const next = URL.canParse(location, `${base}${path}`) ? new URL(location, `${base}${path}`) : undefined;
      if (next?.origin !== new URL(base).origin) return failure(`HTTP probe of ${path} was redirected to another host`);
      path = `${next.pathname}${next.search}`;
    }
    return failure(`HTTP probe of ${target.path} was redirected more than ${maxRedirects} times`);
  } catch (error) {
    if (deadline.signal.aborted) return failure(`HTTP probe of ${target.path} got no answer in time`);
    return failure(`HTTP probe of ${target.path} failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    timer.cancel();
  }
}

function get(target: HttpTarget, signal: AbortSignal): Promise<{ status: number; location?: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: target.host,
        port: target.port,
        path: target.path,
        method: 'GET',
        agent: false,
        signal,
        maxHeaderSize: maxBodyBytes,
        headers: { 'user-agent': 'orch-probe', accept: '*/*' },
      },
      (response) => {
        let received = 0;
        const { statusCode = 0 } = response;
        const { location } = response.headers;
        const answer = { status: statusCode, ...(location === undefined ? {} : { location }) };
        response.on('data', (chunk: Buffer) => {
          received += chunk.length;
          if (received <= maxBodyBytes) return;
          resolve(answer);
          outgoing.destroy();
        });
        response.on('end', () => resolve(answer));
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function hostPart(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
