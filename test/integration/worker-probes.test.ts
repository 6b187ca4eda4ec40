import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/support/clock.js';
import { probeHttp } from '../../src/worker/probes/http-probe.js';
import type { ProbeResult } from '../../src/worker/probes/probe-result.js';
import { probeTcp } from '../../src/worker/probes/tcp-probe.js';

const clock = createSystemClock();
let servers: Server[] = [];

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
});

const get = (port: number, path = '/', timeout = 5_000): Promise<ProbeResult> =>
  probeHttp({ host: '127.0.0.1', port, path }, timeout, clock);

describe('an HTTP probe', () => {
  it.each([200, 204, 304])('takes %i as success', async (status) => {
    const port = await serve((_request, response) => response.writeHead(status).end());
    expect(await get(port)).toEqual({ outcome: 'success' });
  });

  it.each([404, 500])('takes %i as failure', async (status) => {
    const port = await serve((_request, response) => response.writeHead(status).end());
    expect(await get(port)).toMatchObject({
      outcome: 'failure',
      message: `HTTP probe of / failed with status ${status}`,
    });
  });

  it('LC-07: fails at its deadline when nothing is answered', async () => {
    const port = await serve(() => undefined);
    expect(await get(port, '/', 50)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('in time') });
  });

  it('fails at its deadline when the answer never ends', async () => {
    const port = await serve((_request, response) => void response.write('a'));
    expect(await get(port, '/', 50)).toMatchObject({ outcome: 'failure' });
  });

  it('LC-07: reads no more than 10 KiB of a body without end', async () => {
    let sent = 0;
    const port = await serve((_request, response) => {
      const more = (): void => {
        if (response.destroyed || sent > 64 * 2 ** 20) return;
        sent += 2 ** 16;
        if (response.write(Buffer.alloc(2 ** 16))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    expect(await get(port)).toEqual({ outcome: 'success' });
    expect(sent).toBeLessThan(32 * 2 ** 20);
  });

  it('follows a redirect on the same server', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/ok?a=1') response.end('fine');
      else response.writeHead(302, { location: '/ok?a=1' }).end();
    });
    expect(await get(port)).toEqual({ outcome: 'success' });
  });

  it('LC-07: takes a redirect to another host as failure, and does not go there', async () => {
    let visits = 0;
    const other = await serve((_request, response) => {
      visits += 1;
      response.end();
    });
    const port = await serve((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end();
    });
    expect(await get(port)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('another host') });
    expect(visits).toBe(0);
  });

  it('gives up on a circle of redirects', async () => {
    const port = await serve((_request, response) => response.writeHead(302, { location: '/' }).end());
    expect(await get(port)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('more than 5') });
  });

  it('fails when nobody listens', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await get(port)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a TCP probe', () => {
  it('succeeds when somebody listens, and fails when nobody does', async () => {
    const port = await serve(() => undefined);
    expect(await probeTcp({ host: '127.0.0.1', port }, 5_000, clock)).toEqual({ outcome: 'success' });
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await probeTcp({ host: '127.0.0.1', port }, 5_000, clock)).toMatchObject({ outcome: 'failure' });
  });
});
