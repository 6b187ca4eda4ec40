// Loaded into a manager before its own code (node --import): the delay of its event loop and its memory, told to the bench that
// forked it. Plain JavaScript, so that the measured process carries no compiler.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', (message) => {
  if (message === 'reset') delay.reset();
  process.send({ maxMilliseconds: delay.max / 1e6, rssBytes: process.memoryUsage().rss });
});
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
