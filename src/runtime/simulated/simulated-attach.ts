import type { AttachOptions, ExecSession, PortConnection } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';
import { OutputQueue } from '../output-queue.js';
import type { Attachment, SimulatedContainer } from './simulated-engine.js';

/** Joins the main process: what it writes from now on, and its input, if it was made with one. */
export function openSimulatedAttach(
  container: SimulatedContainer,
  { stdin, output = true }: AttachOptions,
): ExecSession {
  const { process } = container.phase === 'created' ? container : checkRunning(container, 'attach to it');
  const takesInput = stdin && container.spec.stdin === true;
  const queue = new OutputQueue();
  const attachment: Attachment = {
    onOutput: (channel, data) => void (output && queue.push(channel, data)),
    onExit: () => queue.end(),
  };
  container.attached.add(attachment);
  const endInput = (): void => {
    if (takesInput && container.spec.stdinOnce === true) process?.endInput();
  };
  queue.onEnd(() => {
    container.attached.delete(attachment);
    endInput();
  });
  return {
    write: (data) => {
      if (!takesInput) return;
      process?.write(data);
      // On a terminal the end of the input is a key, Ctrl-D.
      if (container.spec.tty && data.includes(4)) process?.endInput();
    },
    end: endInput,
    resize: (width, height) => process?.resize(width, height),
    onOutput: (listener) => queue.onOutput(listener),
    finished: queue.finished.then(
      () => undefined,
      () => undefined,
    ),
    close: () => queue.close(),
  };
}

/** A connection to what a simulated process listens with: it sends back what it gets. */
export function openSimulatedPort(container: SimulatedContainer, port: number): PortConnection {
  checkRunning(container, 'reach its ports');
  if (!container.listening.has(port)) {
    throw new RuntimeError('Unavailable', `port ${port} of the container cannot be reached: nothing listens there`);
  }
  const queue = new OutputQueue();
  const attachment: Attachment = {
    onOutput: () => undefined,
    onExit: () => queue.end(new RuntimeError('Unavailable', 'the connection broke: the container has ended')),
  };
  container.attached.add(attachment);
  const waiting: (() => void)[] = [];
  const goOn = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  queue.onDrain(goOn);
  queue.onEnd(() => {
    container.attached.delete(attachment);
    goOn();
  });
  return {
    write: (data) => {
      if (queue.push('stdout', data) || queue.ended) return;
      return new Promise((resolve) => waiting.push(resolve));
    },
    end: () => queue.end(),
    onOutput: (listener) => queue.onOutput(listener),
    finished: queue.finished,
    close: () => queue.close(),
  };
}

function checkRunning(container: SimulatedContainer, purpose: string): SimulatedContainer {
  if (container.phase === 'running') return container;
  throw new RuntimeError('NotRunning', `container ${container.name} is ${container.phase}: it must run to ${purpose}`);
}
