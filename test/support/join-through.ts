import type { Client } from '../../src/client/client.js';
import { OrchError } from '../../src/support/errors.js';

/** How a worker of a test joins again: without keys and certificates, which its manager does not ask for. */
export function joinThrough(client: Client, nodeName: string): () => Promise<void> {
  return async () => {
    const response = await client.request({
      method: 'POST',
      path: `/apis/orch.dev/v1/workers/${nodeName}/join`,
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const text = await response.text();
    if (response.status >= 400) throw new OrchError('ServiceUnavailable', `not joined: ${response.status} ${text}`);
  };
}
