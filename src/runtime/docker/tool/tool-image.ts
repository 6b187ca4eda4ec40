import { createHash } from 'node:crypto';
import { packArchive } from '../file-archive.js';
import type { Architecture } from './machine-code.js';
import { staticProgram } from './static-program.js';

export interface ToolImage {
  /** No registry can have such a name, and another program has another one. */
  name: string;
  /** As `docker load` takes it. */
  archive: Buffer;
}

/** Where the program lies in the image, which has nothing else. */
export const toolPath = '/orch-tool';

/** The time of everything in it: the same program makes the same image. */
const noTime = new Date(0);

/** An image of the program alone, made without any registry: one layer with one file, as the format of docker-save lays it out. */
export async function toolImage(architecture: Architecture): Promise<ToolImage> {
  const layer = await packArchive([{ path: toolPath, mode: 0o755, content: staticProgram(architecture) }], noTime);
  const config = Buffer.from(
    JSON.stringify({
      architecture: architecture.name,
      os: 'linux',
      created: noTime.toISOString(),
      config: { Entrypoint: [toolPath], Labels: { 'orch.dev/tool-image': 'true' } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const id = sha256(config);
  const name = `orch.invalid/tool:${architecture.name}-${id.slice(0, 16)}`;
  const manifest = [{ Config: `${id}.json`, RepoTags: [name], Layers: ['layer.tar'] }];
  const archive = await packArchive(
    [
      { path: 'manifest.json', mode: 0o644, content: Buffer.from(JSON.stringify(manifest)) },
      { path: `${id}.json`, mode: 0o644, content: config },
      { path: 'layer.tar', mode: 0o644, content: layer },
    ],
    noTime,
  );
  return { name, archive };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
