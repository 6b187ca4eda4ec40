import { expect, it } from 'vitest';
import { createTestCluster, taskManifest } from '../support/orch-process.js';

it('ends on SIGTERM although its simulated containers would go on for an hour', async () => {
  const cluster = await createTestCluster();
  try {
    const up = await cluster.startUp('--runtime', 'simulated');
    await cluster.must(['apply', '-f', '-', '--wait'], taskManifest('sleeper', { command: ['sleep', '3600'] }));
    expect(await up.kill('SIGTERM')).toBe(0);
  } finally {
    await cluster.removeAll();
  }
}, 60_000);
