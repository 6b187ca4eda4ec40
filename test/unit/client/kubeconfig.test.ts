import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { formatKubeconfig } from '../../../src/api/kubeconfig.js';
import { loadKubeconfig, parseKubeconfig } from '../../../src/client/kubeconfig.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orch-kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const parse = (text: string): ReturnType<typeof parseKubeconfig> =>
  parseKubeconfig(text, { name: 'kubeconfig', folder });

interface Parts {
  cluster?: object;
  user?: object;
  context?: object;
  current?: string;
}
const config = ({ cluster, user, context, current = 'here' }: Parts = {}): string =>
  JSON.stringify({
    'current-context': current,
    clusters: [{ name: 'c', cluster: { server: 'https://host:1', 'certificate-authority-data': 'Q0E=', ...cluster } }],
    users: [{ name: 'u', user: user ?? { token: 'secret' } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', ...context } }],
  });

it('reads what the manager writes', async () => {
  const path = join(folder, 'kubeconfig');
  const written = { server: 'https://127.0.0.1:7443', caPem: '-----BEGIN CERTIFICATE-----\nx\n', token: 'a:b#c' };
  await writeFile(path, formatKubeconfig(written));
  expect(await loadKubeconfig(path)).toMatchObject(written);
});

it('follows the current context, and files beside the configuration', async () => {
  await writeFile(join(folder, 'ca.crt'), 'CA PEM');
  await writeFile(join(folder, 'token'), 'from-file\n');
  const text = config({
    cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
    user: { tokenFile: 'token' },
    context: { namespace: 'shop' },
  });
  expect(await parse(text)).toEqual({
    server: 'https://host:1',
    caPem: 'CA PEM',
    token: 'from-file',
    namespace: 'shop',
  });
});

it.each([
  ['an unknown context', config({ current: 'elsewhere' }), /no context "elsewhere"/],
  ['no token', config({ user: {} }), /no token/],
  ['a missing file', config({ user: { tokenFile: 'nowhere' } }), /nowhere, which cannot be read/],
  ['no authority', config({ cluster: { 'certificate-authority-data': undefined } }), /certificate-authority-data/],
  ['unchecked TLS', config({ cluster: { 'insecure-skip-tls-verify': true } }), /always checks certificates/],
  ['no mapping', 'just text', /not a kubeconfig/],
  ['broken YAML', 'a: [', /is not YAML/],
])('says what is wrong with %s', async (_what, text, sentence) => {
  await expect(parse(text)).rejects.toMatchObject({ code: 'BadRequest', message: expect.stringMatching(sentence) });
});

it('names a file that is not there', async () => {
  await expect(loadKubeconfig(join(folder, 'none'))).rejects.toMatchObject({
    message: expect.stringMatching(/none cannot be read/),
  });
});
