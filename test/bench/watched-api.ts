import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startTestApi } from '../integration/api-harness.js';

/**
 * A child process: the API over a store in memory, and the delay of its event loop. Says where it listens, then answers
 * "reset" and "read" on its channel. Apart from who sends to it, or the sender's work would count as its own.
 */
const api = await startTestApi();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

process.on('message', (message) => {
  if (message === 'reset') {
    globalThis.gc?.();
    delay.reset();
  }
  process.send?.({ maxMilliseconds: delay.max / 1e6, rssBytes: process.memoryUsage().rss });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: api.server.url, caPem: api.caPem, token: api.credentials.adminToken });
