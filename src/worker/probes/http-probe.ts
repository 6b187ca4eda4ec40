import { request, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Clock } from '../../support/clock.js';
import { guarded } from '../../support/guarded.js';
import type { ProbeResult } from './probe-result.js';
import { failure, success } from './probe-result.js';

export interface HttpTarget {
  host: string;
  port: number;
  /** As it was written: what a URL cannot hold is escaped here. */
  path: string;
}

const maxBodyBytes = 10 * 1024;
const maxRedirects = 10;

/**
 * GET: 200 to 399 is a success. The deadline holds for everything together; no more than 10 KiB of a body is read. As the
 * kubelet does, a redirect on the same host is followed, whatever its port and scheme; one to another host is an answer like
 * any other: a success, and nobody goes there.
 */
export async function probeHttp(target: HttpTarget, timeoutMilliseconds: number, clock: Clock): Promise<ProbeResult> {
  const deadline = new AbortController();
  const timer = clock.setTimer(() => deadline.abort(), timeoutMilliseconds);
  try {
    let url = urlOf(target);
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const { status, location } = await get(url, deadline.signal);
      if (status < 200 || status >= 400) {
        // Where it was led to is the program's word, which may hold what nobody may be told.
        const led = redirects === 0 ? '' : ' after a redirect';
        return failure(`HTTP probe of ${target.path} failed with status ${status}${led}`);
      }
      const next = status < 300 ? undefined : redirectOf(url, location);
      if (!next) return success;
      url = next;
    }
    return failure(`HTTP probe of ${target.path} was redirected more than ${maxRedirects} times`);
  } catch (error) {
    if (deadline.signal.aborted) return failure(`HTTP probe of ${target.path} got no answer in time`);
    return failure(`HTTP probe of ${target.path} failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    timer.cancel();
  }
}

function urlOf({ host, port, path }: HttpTarget): URL {
  const [beforeFragment = ''] = path.split('#', 1);
  return new URL(
    `http://${hostPart(host)}:${port}${beforeFragment.startsWith('/') ? '' : '/'}${escaped(beforeFragment)}`,
  );
}

/** Visible ASCII stays as it is, so what is escaped already is not escaped again. */
function escaped(text: string): string {
  return text.replace(/[^\x21-\x7e]/gu, (character) =>
    Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** Where to look next; undefined when that is not the same host, or no place at all. */
function redirectOf(from: URL, location: string | undefined): URL | undefined {
  // Headers arrive as Latin-1, whatever their bytes mean.
  const text = location === undefined ? undefined : Buffer.from(location, 'latin1').toString();
  if (text === undefined || !URL.canParse(text, from.href)) return undefined;
  const next = new URL(text, from);
  const isHttp = next.protocol === 'http:' || next.protocol === 'https:';
  return isHttp && next.hostname === from.hostname ? next : undefined;
}

function get(url: URL, signal: AbortSignal): Promise<{ status: number; location?: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'GET',
      agent: false,
      signal,
      maxHeaderSize: maxBodyBytes,
      headers: { 'user-agent': 'orch-probe', accept: '*/*' },
    } as const;
    // Whether it answers is what is asked, not who it is.
    const outgoing =
      url.protocol === 'https:' ? requestTls(url, { ...options, rejectUnauthorized: false }) : request(url, options);
    const judge = (response: IncomingMessage): void => {
      let received = 0;
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      const answer = { status: statusCode, ...(location === undefined ? {} : { location }) };
      const take = (chunk: Buffer): void => {
        received += chunk.length;
        if (received <= maxBodyBytes) return;
        resolve(answer);
        outgoing.destroy();
      };
      response.on('data', guarded(reject, take));
      response.on('end', () => resolve(answer));
      response.on('error', reject);
    };
    outgoing.on('response', guarded(reject, judge));
    outgoing.on('error', reject);
    // Such as after a 101, of which Node tells nothing else.
    outgoing.on('close', () => reject(new Error('the connection ended without an answer')));
    outgoing.end();
  });
}

function hostPart(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
