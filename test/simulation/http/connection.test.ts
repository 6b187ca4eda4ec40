import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Client, ClientResponse } from '../../../src/client/client.js';
import { createClient } from '../../../src/client/create-client.js';
import { errorMessage } from '../../../src/support/errors.js';
import { VirtualClock } from '../virtual-clock.js';
import { Connection } from './connection.js';
import type { ManagerDoor } from './manager-door.js';

type Fault = 'dropped' | 'replyLost' | 'duplicated';

/** A server that counts, and a client that reaches it through connections with this fault, `faults` times. */
function setUp(fault?: Fault, faults = 1) {
  const clock = new VirtualClock();
  clock.hasStreams = true;
  const asked: string[] = [];
  let left = faults;
  let isHeld = false;
  let letGo = (): void => undefined;
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('{"answer":true}');
  });
  const door = { accept: (socket: unknown) => server.emit('connection', socket) } as unknown as ManagerDoor;
  const passage = async (): Promise<void> => {
    if (isHeld) await new Promise<void>((resolve) => (letGo = resolve));
    await new Promise<void>((resolve) => void clock.setTimer(resolve, 5));
  };
  const open = (): Connection =>
    new Connection({ clock, door: () => door, passage, loses: (what) => what === fault && left-- > 0 });
  const client = createClient({
    server: 'https://manager:7443',
    caPem: '',
    token: 't',
    clock,
    openConnection: () => open().client,
  });
  return {
    clock,
    asked,
    client,
    hold: (): void => void (isHeld = true),
    heal: (): void => {
      isHeld = false;
      letGo();
    },
  };
}

/** What becomes of a request within ten seconds. */
async function outcome(clock: VirtualClock, client: Client, method: 'GET' | 'POST', path: string): Promise<string> {
  let said = 'nothing yet';
  void client.request({ method, path, body: '{}' }).then(
    async (response: ClientResponse) => (said = `${response.status} ${await response.text()}`),
    (error: unknown) => (said = errorMessage(error)),
  );
  await clock.runUntil(clock.monotonic() + 10_000);
  return said;
}

describe('a connection in memory', () => {
  it('takes requests and answers in order, and is used again', async () => {
    const { clock, client, asked } = setUp();
    expect(await outcome(clock, client, 'GET', '/one')).toBe('200 {"answer":true}');
    expect(await outcome(clock, client, 'POST', '/two')).toBe('200 {"answer":true}');
    expect(asked).toEqual(['GET /one', 'POST /two']);
  });

  it('loses a request before it arrives', async () => {
    const { clock, client, asked } = setUp('dropped');
    expect(await outcome(clock, client, 'POST', '/lost')).toMatch(/broke off \(ECONNRESET\)/);
    expect(asked).toEqual([]);
  });

  it('loses an answer after its effect', async () => {
    const { clock, client, asked } = setUp('replyLost');
    expect(await outcome(clock, client, 'POST', '/done')).toMatch(/broke off \(ECONNRESET\)/);
    expect(asked).toEqual(['POST /done']);
  });

  it('lets a request arrive twice, and answers once', async () => {
    const { clock, client, asked } = setUp('duplicated');
    expect(await outcome(clock, client, 'POST', '/twice')).toBe('200 {"answer":true}');
    expect(asked).toEqual(['POST /twice', 'POST /twice']);
  });

  it('delivers after a partition what was sent in it, though nobody waits for the answer any more', async () => {
    const { clock, client, asked, hold, heal } = setUp();
    await outcome(clock, client, 'GET', '/first');
    hold();
    expect(await outcome(clock, client, 'POST', '/late')).toBe('nothing yet');
    await clock.runUntil(clock.monotonic() + 35_000);
    heal();
    await clock.runUntil(clock.monotonic() + 1_000);
    expect(asked).toEqual(['GET /first', 'POST /late']);
  });
});
