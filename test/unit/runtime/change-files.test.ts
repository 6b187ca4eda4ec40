import { finished } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ContainerRuntime } from '../../../src/runtime/container-runtime.js';
import { openDockerRuntime } from '../../../src/runtime/docker/docker-runtime.js';
import { silentLogger } from '../../../src/support/logger.js';
import { createSystemRandom } from '../../../src/support/random.js';
import { ManualClock } from '../../support/manual-clock.js';
import { FakeEngine, json, refuse } from './fake-engine.js';

const id = '1'.repeat(64);
const own = '3'.repeat(64);

let engine: FakeEngine;
let runtime: ContainerRuntime;

beforeEach(async () => {
  engine = await FakeEngine.start();
  engine.route('GET /_ping', (_request, response) => response.end('OK'));
  engine.route('GET /info', (_request, response) => json(response, 200, { NCPU: 2, Architecture: 'riscv64' }));
  engine.route('GET /containers/orch-tool-*/json', refuse(404, 'No such container'));
  engine.route(`GET /containers/${id}/json`, (_request, response) =>
    json(response, 200, {
      Id: id,
      State: { Status: 'running' },
      Config: {
        Labels: { 'orch.dev/cluster-uid': 'cluster', 'orch.dev/task-uid': 'task', 'orch.dev/attempt': '1' },
      },
      Mounts: [{ Type: 'volume', Name: 'v', Destination: '/etc/shop' }],
    }),
  );
  engine.route(`GET /containers/${id}/archive`, (_request, response) => {
    const folder = pack();
    folder.entry({ name: 'shop/', type: 'directory' });
    folder.entry({ name: 'shop/..data', type: 'symlink', linkname: '..2' });
    folder.entry({ name: 'shop/old', type: 'symlink', linkname: '..data/old' });
    folder.finalize();
    folder.pipe(response);
  });
  engine.route('POST /containers/create', (_request, response) => json(response, 201, { Id: own, id: own }));
  engine.route(`PUT /containers/${own}/archive`, (_request, response) => json(response, 200, {}));
  engine.route(`DELETE /containers/${own}`, (_request, response) => response.writeHead(204).end());
  runtime = await openDockerRuntime({
    socketPath: engine.socketPath,
    clusterUid: 'cluster',
    clock: new ManualClock(),
    random: createSystemRandom(),
    logger: silentLogger,
  });
});
afterEach(async () => {
  await runtime.close();
  await engine.close();
});

/** What an archive writes: each path, and where it leads if it is a link. */
async function written(archive: string): Promise<[string, string?][]> {
  const paths: [string, string?][] = [];
  const reading = extract();
  reading.on('entry', ({ name: bare, type, linkname }, stream, next) => {
    const name = type === 'directory' ? `${bare}/` : bare;
    paths.push(linkname ? [name, linkname] : [name]);
    stream.resume().on('end', next);
  });
  reading.end(Buffer.from(archive));
  await finished(reading);
  return paths;
}

it("replaces links through the archive API where orch's own program does not run, after the files that they lead to", async () => {
  const files = [{ path: 'new', mode: 0o644, content: Buffer.from('x') }];
  await runtime.updateFiles(id, [{ target: '/etc/shop', files }]);
  const archives = await Promise.all(engine.seen('PUT', '*').map(({ body }) => written(body)));
  expect(archives).toEqual([
    [['0/..1'], ['0/..1/'], ['0/..1/new']],
    [
      ['0/..data', '..1'],
      ['0/new', '..data/new'],
    ],
  ]);
  expect(engine.seen('DELETE', `/containers/${own}`)).toHaveLength(1);
  expect(engine.seen('POST', '*').map(({ path }) => path)).toEqual(['/containers/create']);
});

it('stops before it writes anything when somebody else has the name of its own container', async () => {
  engine.route('GET /containers/orch-tool-*/json', (_request, response) =>
    json(response, 200, { Id: '2'.repeat(64), Config: { Labels: {} } }),
  );
  await expect(runtime.updateFiles(id, [{ target: '/etc/shop', files: [] }])).rejects.toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('remove it'),
  });
  expect(engine.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
});
