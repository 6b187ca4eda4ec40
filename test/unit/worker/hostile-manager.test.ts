import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeTunnelFrame,
  encodeTunnelFrame,
  parseStreamRequest,
  tunnelChannels,
} from '../../../src/model/worker-tunnel.js';
import type { ManagerSocket } from '../../support/registry-client.js';
import { hostileJson, hostileNumber, hostileWord } from '../../support/hostile.js';
import '../../support/property-seed.js';
import { WorkerFixture } from './worker-fixture.js';

let cluster: WorkerFixture;

beforeEach(async () => {
  cluster = await WorkerFixture.open();
});

afterEach(() => cluster.worker.stop());

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value) ?? '');
const names = ['type', 'taskUid', 'command', 'stdin', 'tty', 'port', 'tailLines', 'since', 'width', 'height'];
const anyRequest = fc.oneof(
  hostileJson(names),
  fc.record({
    type: fc.constantFrom('logs', 'exec', 'attach', 'portForward'),
    taskUid: fc.oneof(hostileWord, fc.constant('UID')),
    command: fc.oneof(fc.array(hostileWord), hostileJson(names)),
    port: hostileNumber,
    tailLines: fc.option(hostileNumber, { nil: undefined }),
    since: fc.option(hostileWord, { nil: undefined }),
    stdin: fc.boolean(),
    tty: fc.boolean(),
    follow: fc.boolean(),
  }),
);

describe('a manager that sends anything', () => {
  it('opens only what is whole and in bounds', () => {
    fc.assert(
      fc.property(anyRequest, (value) => {
        const request = parseStreamRequest(value);
        if (request?.type === 'portForward') expect(request.port >= 1 && request.port <= 65_535).toBe(true);
        if (request?.type === 'exec') expect(request.command.every((word) => typeof word === 'string')).toBe(true);
        if (request?.type === 'logs') expect(request.tailLines ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('does not end the worker, which then serves what is right', async () => {
    const { metadata } = await cluster.assign('web', { command: ['echo', 'hello'] });
    await cluster.settle();
    const socket = cluster.client.sockets.at(-1) as ManagerSocket;
    let printed = '';
    socket.onMessage((message) => {
      const frame = decodeTunnelFrame(message);
      if (frame?.streamId === 1_000 && frame.channel === tunnelChannels.stdout)
        printed += Buffer.from(frame.payload).toString();
    });
    const frame = fc.tuple(
      fc.nat({ max: 5 }),
      fc.oneof({ weight: 2, arbitrary: fc.constant(tunnelChannels.open) }, fc.nat({ max: 255 })),
      fc.oneof(
        anyRequest.map((value) =>
          text(
            value === null || typeof value !== 'object'
              ? value
              : JSON.parse(JSON.stringify(value).replace('"UID"', JSON.stringify(metadata.uid))),
          ),
        ),
        fc.uint8Array({ maxLength: 32 }),
      ),
    );
    const messages = fc.oneof(
      frame.map(([id, channel, payload]) => encodeTunnelFrame(id, channel, payload)),
      fc.uint8Array({ maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(messages, { maxLength: 10 }), async (sent) => {
        for (const one of sent) socket.send(one);
        await cluster.settle();
      }),
      { numRuns: 100 },
    );
    for (let id = 0; id <= 5; id++) socket.send(encodeTunnelFrame(id, tunnelChannels.cancel, new Uint8Array()));
    const request = { type: 'logs', taskUid: metadata.uid, follow: false, timestamps: false, previous: false };
    socket.send(encodeTunnelFrame(1_000, tunnelChannels.open, text(request)));
    await cluster.settle();
    expect(printed).toContain('hello');
  });
});
