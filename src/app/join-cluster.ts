import { readFile } from 'node:fs/promises';
import { createClient } from '../client/create-client.js';
import { errorFromAnswer } from '../client/status-error.js';
import type { Clock } from '../support/clock.js';
import { OrchError } from '../support/errors.js';
import type { JoinAttempt, JoinCluster } from './membership.js';

/** Asks a manager over the network. The file with the join token is read at each try, so that a new token can be put there. */
export function joinOverNetwork(options: {
  server: string;
  caPem: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  tokenFile: string | undefined;
  clock: Clock;
}): JoinCluster {
  const { server, caPem, name, labels, clock } = options;
  return async ({ csr, proof }) => {
    const client = createClient({ server, caPem, clock, ...(await credentialsFor(proof, options.tokenFile)) });
    try {
      const response = await client.request({
        method: 'POST',
        path: `/apis/orch.dev/v1/workers/${encodeURIComponent(name)}/join`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ csr, ...(proof.type === 'new' ? { labels } : {}) }),
      });
      const text = await response.text();
      if (response.status !== 200) throw errorFromAnswer(response.status, text, response.headers['retry-after']);
      const { certificate } = JSON.parse(text) as { certificate?: string };
      const clusterUid = response.headers['x-orch-cluster-uid'];
      if (certificate === undefined || clusterUid === undefined) {
        throw new OrchError('ServiceUnavailable', `${server} does not answer like a manager of orch: check --manager`);
      }
      return { certificate, clusterUid };
    } finally {
      await client.close();
    }
  };
}

async function credentialsFor(
  proof: JoinAttempt['proof'],
  tokenFile: string | undefined,
): Promise<{ token: string } | { identity: () => { key: string; cert: string } }> {
  if (proof.type === 'member') return { identity: () => proof.identity };
  if (proof.type === 'earlierToken') return { token: proof.token };
  if (tokenFile === undefined) {
    throw new OrchError(
      'BadRequest',
      'this worker is not a member (it never was, its certificate expired while it was off, or its node was deleted): start it with --join-token-file, a file with a token of `orch token create`, or join-token of the data folder of the manager',
    );
  }
  return { token: (await readGivenFile(tokenFile, '--join-token-file')).trim() };
}

export async function readGivenFile(path: string, flag: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new OrchError('BadRequest', `${flag} ${path} cannot be read: ${(error as Error).message}`);
  });
}
