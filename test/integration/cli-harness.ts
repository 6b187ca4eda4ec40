import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebSocket } from 'ws';
import type { CliEnvironment } from '../../src/cli/cli.js';
import { nodeKind } from '../../src/model/node.js';
import type { StoredTask, TaskStatus } from '../../src/model/task.js';
import { taskKind } from '../../src/model/task.js';
import { specHash } from '../../src/model/spec-hash.js';
import {
  decodeTunnelFrame,
  encodeTunnelFrame,
  tunnelChannels,
  tunnelProtocol,
  type StreamRequest,
} from '../../src/model/worker-tunnel.js';
import { runCli, startCli, type CliRun, type RunningCli } from '../support/run-cli.js';
import { startTestApi, type TestApi } from './api-harness.js';

/** The command line against a real API in this process; the worker's part is played by the test. */
export interface CliCluster {
  api: TestApi;
  folder: string;
  run(args: string, input?: string): Promise<CliRun>;
  runArgs(args: readonly string[], input?: string): Promise<CliRun>;
  start(args: string, options?: Partial<CliEnvironment>): RunningCli;
  task(name: string): Promise<StoredTask>;
  /** Writes a status as the worker would; the task is placed on n1 first. */
  report(name: string, status: TaskStatus): Promise<void>;
  /** A worker's node, so that deletions wait for it. */
  addNode(name: string): Promise<void>;
  /** The worker's confirmation that the container of a deleted task is gone. */
  confirmGone(name: string): Promise<void>;
  /** Answers the streams that the manager opens to worker n1. */
  serveStreams(answer: (request: StreamRequest, stream: WorkerStream) => void): Promise<void>;
  close(): Promise<void>;
}

export interface WorkerStream {
  stdout(text: string | Uint8Array): void;
  stderr(text: string): void;
  end(end: object): void;
  onInput(listener: (channel: number, payload: Buffer) => void): void;
}

export async function startCliCluster(): Promise<CliCluster> {
  const api = await startTestApi();
  const folder = await mkdtemp(join(tmpdir(), 'orch-cli-'));
  const config = join(folder, 'kubeconfig');
  await writeFile(config, api.kubeconfig);
  const env = { ORCH_CONFIG: config };
  const key = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });
  const runArgs = (args: readonly string[], input?: string): Promise<CliRun> =>
    runCli(args, { env, ...(input === undefined ? {} : { input }) });
  let tunnel: WebSocket | undefined;
  return {
    api,
    folder,
    runArgs,
    run: (args, input) => runArgs(args.split(' '), input),
    start: (args, options) => startCli(args.split(' '), { env, ...options }),
    task: (name) => api.registry.get(taskKind, key(name)),
    async report(name, status) {
      await api.registry.mutate<StoredTask>(taskKind, key(name), (task) => ({
        ...task,
        spec: { ...task.spec, nodeName: task.spec.nodeName ?? 'n1' },
        status: {
          ...task.status,
          state: task.status?.state === 'Pending' || !task.status ? 'Scheduled' : task.status.state!,
        },
      }));
      await api.registry.mutate<StoredTask>(taskKind, key(name), (task) => ({
        ...task,
        status: { specHash: specHash(task.spec), ...task.status, ...status },
      }));
    },
    async addNode(name) {
      await api.registry.create(nodeKind, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} });
    },
    async confirmGone(name) {
      await api.registry.delete(taskKind, key(name), { gracePeriodSeconds: 0 });
    },
    async serveStreams(answer) {
      const token = await api.admit('n1');
      const socket = api.socket('/apis/orch.dev/v1/workers/n1/tunnel', tunnelProtocol, token);
      tunnel = socket;
      const listeners = new Map<number, (channel: number, payload: Buffer) => void>();
      socket.on('message', (data: Buffer) => {
        const frame = decodeTunnelFrame(data);
        if (!frame) return;
        const { streamId, channel } = frame;
        const payload = Buffer.from(frame.payload);
        if (channel !== tunnelChannels.open) return listeners.get(streamId)?.(channel, payload);
        const send = (to: number, text: string | Uint8Array): void =>
          socket.send(encodeTunnelFrame(streamId, to, typeof text === 'string' ? Buffer.from(text) : text));
        answer(JSON.parse(payload.toString()) as StreamRequest, {
          stdout: (text) => send(tunnelChannels.stdout, text),
          stderr: (text) => send(tunnelChannels.stderr, text),
          end: (end) => send(tunnelChannels.end, JSON.stringify(end)),
          onInput: (listener) => void listeners.set(streamId, listener),
        });
      });
      await new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
    },
    async close() {
      tunnel?.terminate();
      await api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A Task manifest as text. */
export function manifest(name: string, spec: object = {}, metadata: object = {}): string {
  return JSON.stringify({
    apiVersion: 'orch.dev/v1',
    kind: 'Task',
    metadata: { name, ...metadata },
    spec: { image: 'busybox', ...spec },
  });
}

export function manifests(...texts: string[]): string {
  return texts.join('\n---\n');
}
