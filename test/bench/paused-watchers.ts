import { once } from 'node:events';
import { request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { startProbedManager, type ProbedManager } from './probed-manager.js';
import type { Row } from './row.js';

const tasks = '/apis/orch.dev/v1/namespaces/default/tasks';
const watchers = 100;
const writes = 300;
const characters = 50_000;

/**
 * A hundred clients that open a watch and never read, over TLS, while tasks are written: what that costs the main loop of a
 * real manager and how much memory it holds for them. Each may lag by 4 MiB; all of them are to be ended.
 */
export async function measurePausedWatchers({ progress }: { progress: (text: string) => void }): Promise<Row[]> {
  const manager = await startProbedManager();
  const sockets: TLSSocket[] = [];
  try {
    await send(manager, 'POST', tasks, 'application/json', {
      apiVersion: 'orch.dev/v1',
      kind: 'Task',
      metadata: { name: 'watched', namespace: 'default' },
      spec: { image: 'busybox', resources: { cpu: 100_000 } },
    });
    // As much writing as later, so that what is counted is the watchers'.
    await writeOften(manager, 'before');
    const before = await manager.read();
    for (let index = 0; index < watchers; index += 1) sockets.push(await openPausedWatch(manager));
    await manager.reset();
    let peakBytes = 0;
    await writeOften(manager, 'watched', async () => {
      peakBytes = Math.max(peakBytes, (await manager.read()).rssBytes);
    });
    const { maxMilliseconds } = await manager.read();
    const ended = await countEnded(sockets);
    progress(`paused watchers: ${ended} of ${watchers} ended, ${maxMilliseconds.toFixed(0)} ms`);
    return [
      {
        what: `${watchers} watchers that never read, ${writes} writes of ${characters / 1000} kB: event loop delay, worst`,
        orch: `${maxMilliseconds.toFixed(0)} ms`,
        peer: 'goal: 50 ms',
        ratio: `${(maxMilliseconds / 50).toFixed(2)}x`,
      },
      {
        what: `the same: memory held for them; ${ended} of them ended`,
        orch: `${((peakBytes - before.rssBytes) / 2 ** 20).toFixed(0)} MiB RSS`,
        peer: `bound: ${watchers} x 4 MiB`,
        ratio: `${((peakBytes - before.rssBytes) / 2 ** 20 / (watchers * 4)).toFixed(2)}x`,
      },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    await manager.stop();
  }
}

async function writeOften(manager: ProbedManager, text: string, afterSome?: () => Promise<void>): Promise<void> {
  for (let write = 0; write < writes; write += 1) {
    const annotations = { text: `${text}-${write}-${'x'.repeat(characters)}` };
    await send(manager, 'PATCH', `${tasks}/watched`, 'application/merge-patch+json', { metadata: { annotations } });
    if (write % 10 === 0) await afterSome?.();
    await pause(10);
  }
}

/** Reads the answer's head, so that the watch is open, and nothing after it. */
async function openPausedWatch(manager: ProbedManager): Promise<TLSSocket> {
  const { hostname, port } = new URL(manager.url);
  const socket = connect({ host: hostname, port: Number(port), ca: manager.caPem });
  await once(socket, 'secureConnect');
  socket.write(
    `GET ${tasks}?watch=true HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${manager.token}\r\n\r\n`,
  );
  await once(socket, 'readable');
  return socket;
}

/** How many watches end by themselves once what was kept for them is read: the last chunk of the answer, or a cut. */
async function countEnded(sockets: readonly TLSSocket[]): Promise<number> {
  const ended = await Promise.all(
    sockets.map((socket) => {
      let tail = '';
      return Promise.race([
        new Promise<boolean>((resolve) => {
          socket.on('data', (chunk: Buffer) => {
            tail = `${tail}${chunk.toString('latin1', Math.max(0, chunk.length - 5))}`.slice(-5);
            if (tail === '0\r\n\r\n') resolve(true);
          });
          socket.on('error', () => undefined).on('close', () => resolve(true));
          socket.resume();
        }),
        pause(20_000, false),
      ]);
    }),
  );
  return ended.filter(Boolean).length;
}

function send(manager: ProbedManager, method: string, path: string, type: string, body: object): Promise<void> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${manager.token}`,
      'content-type': type,
      'content-length': Buffer.byteLength(text),
    };
    request(`${manager.url}${path}`, { method, ca: manager.caPem, headers }, (response) => {
      response.resume().once('end', resolve).once('error', reject);
    })
      .once('error', reject)
      .end(text);
  });
}
