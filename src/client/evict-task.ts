import type { ObjectKey } from '../model/api-object.js';
import { podKind } from '../model/pod.js';
import type { Client } from './client.js';
import { objectPath } from './resource-path.js';
import { errorFromAnswer } from './status-error.js';

/**
 * Asks that a task leave its node, as `kubectl drain` does: the manager takes it away and places it elsewhere. Resolves when the
 * wish is stored, not when the task has left. Rejects with Forbidden for one that was put there by hand, and with NotFound.
 */
export async function evictTask(client: Client, key: ObjectKey, options: { dryRun?: boolean } = {}): Promise<void> {
  const response = await client.request({
    method: 'POST',
    path: objectPath(podKind, key, 'eviction'),
    query: options.dryRun ? { dryRun: 'All' } : {},
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: key }),
  });
  const text = await response.text();
  if (response.status >= 400) throw errorFromAnswer(response.status, text, response.headers['retry-after']);
}
