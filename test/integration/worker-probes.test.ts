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

  it('fails when the server turns to another protocol, of which nothing else is told', async () => {
    const port = await serve((_request, response) =>
      response.writeHead(101, { Connection: 'Upgrade', Upgrade: 'x' }).end(),
    );
    expect(await get(port)).toMatchObject({ outcome: 'failure' });
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

  it('follows a redirect to another port of the same host', async () => {
    const other = await serve((_request, response) => response.writeHead(500).end());
    const port = await serve((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${other}/there` }).end();
    });
    const message = 'HTTP probe of / failed with status 500 after a redirect';
    expect(await get(port)).toEqual({ outcome: 'failure', message });
  });

  it.each([
    'http://localhost:%PORT%/',
    'https://login.example/a',
    '//else.example',
    'http://[',
    'mailto:a@b',
    'http://x:99999/',
  ])('LC-07: takes a redirect elsewhere (%s) as success, and does not go there', async (location) => {
    let visits = 0;
    const other = await serve((_request, response) => {
      visits += 1;
      response.writeHead(500).end();
    });
    const port = await serve((_request, response) => {
      response.writeHead(302, { location: location.replace('%PORT%', String(other)) }).end();
    });
    expect(await get(port)).toEqual({ outcome: 'success' });
    expect(visits).toBe(0);
  });

  it.each([
    ['/a b', '/a%20b'],
    ['/möbel?größe=1 m', '/m%C3%B6bel?gr%C3%B6%C3%9Fe=1%20m'],
    ['/a%20b%2Fc', '/a%20b%2Fc'],
    ['healthz#part', '/healthz'],
    ['//elsewhere.example/x', '//elsewhere.example/x'],
    ['/\ud800\n', '/%EF%BF%BD%0A'],
  ])('asks for %s as %s', async (path, asked) => {
    const port = await serve((request, response) => response.writeHead(request.url === asked ? 200 : 404).end());
    expect(await get(port, path)).toEqual({ outcome: 'success' });
  });

  it('finds its way by a redirect that is not ASCII', async () => {
    const port = await serve((request, response) => {
      if (request.url === '/m%C3%B6bel') response.end();
      else response.writeHead(302, { location: Buffer.from('/möbel').toString('latin1') }).end();
    });
    expect(await get(port)).toEqual({ outcome: 'success' });
  });

  it('gives up on a circle of redirects', async () => {
    const port = await serve((_request, response) => response.writeHead(302, { location: '/' }).end());
    expect(await get(port)).toMatchObject({ outcome: 'failure', message: expect.stringContaining('more than 10') });
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
