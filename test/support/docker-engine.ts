import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { labels } from '../../src/runtime/docker/create-body.js';
import { waitFor } from './wait-for.js';

export const testSocketPath = process.env['DOCKER_SOCKET'] ?? '/var/run/docker.sock';
export const testImage = 'busybox:latest';

/**
 * The engine that tests share, with `busybox:latest` on it. Where no registry answers, the image is made of Debian's
 * busybox-static. Rejects with what to do when there is no engine.
 */
export async function openTestEngine(): Promise<Docker> {
  const engine = new Docker({ socketPath: testSocketPath });
  await engine.ping().catch((error: unknown) => {
    throw new Error(`these tests need a Docker Engine at ${testSocketPath}: "npm test" starts one`, { cause: error });
  });
  if (!(await hasImage(engine))) await pullImage(engine).catch(() => importImage(engine));
  return engine;
}

/** Removes every container that carries this cluster uid, whoever made it, and what orch has there for itself. */
export async function removeClusterContainers(engine: Docker, clusterUid: string): Promise<void> {
  const byLabel = [labels.clusterUid, labels.ownClusterUid].map((label) => ({ label: [`${label}=${clusterUid}`] }));
  await waitFor(`the containers of ${clusterUid} to be gone`, async () => {
    const lists = byLabel.map((filters) => engine.listContainers({ all: true, filters }));
    const found = (await Promise.all(lists)).flat();
    for (const { Id } of found)
      await engine
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch(() => undefined);
    return found.length === 0;
  });
  const filters = { label: [`${labels.ownClusterUid}=${clusterUid}`] };
  for (const { Name } of (await engine.listVolumes({ filters })).Volumes ?? []) {
    await engine
      .getVolume(Name)
      .remove()
      .catch(() => undefined);
  }
}

async function hasImage(engine: Docker): Promise<boolean> {
  return engine
    .getImage(testImage)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

async function pullImage(engine: Docker): Promise<void> {
  const stream = await engine.createImage({
    fromImage: 'busybox',
    tag: 'latest',
    abortSignal: AbortSignal.timeout(30_000),
  });
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
  });
  if (!(await hasImage(engine))) throw new Error('the registry did not give busybox');
}

async function importImage(engine: Docker): Promise<void> {
  const binary = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (!binary)
    throw new Error('no registry answers and there is no busybox to make an image of: install busybox-static');
  const applets = execFileSync(binary, ['--list'], { encoding: 'utf8' }).split('\n');
  const archive = pack();
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, readFileSync(binary));
  for (const name of applets) {
    if (name !== '' && name !== 'busybox') archive.entry({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' });
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const options = { repo: 'busybox', tag: 'latest', changes: ['CMD ["sh"]', 'ENV PATH=/bin'] };
  const stream = (await engine.importImage(Readable.from([Buffer.concat(chunks)]), options as object)) as Readable;
  stream.resume();
  await finished(stream);
  if (!(await hasImage(engine))) throw new Error('the engine did not take the busybox image');
}
