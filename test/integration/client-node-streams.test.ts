import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import {
  Attach,
  AuthorizationV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  Metrics,
  PortForward,
  type V1Status,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster, type KubectlCluster } from './kubectl-cluster.js';

// What programs like k9s ask of a pod, through the streams of the JavaScript client: older channels than kubectl speaks.
let cluster: KubectlCluster;
let config: KubeConfig;

beforeAll(async () => {
  cluster = await startKubectlCluster();
  config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'orch',
      server: cluster.server,
      caData: Buffer.from(cluster.caPem).toString('base64'),
      skipTLSVerify: false,
    },
    { name: 'admin', token: cluster.token },
  );
  const core = config.makeApiClient(CoreV1Api);
  const run = async (name: string, command: string[], stdin = false): Promise<void> => {
    const container = { name, image: 'busybox:latest', command, stdin };
    await core.createNamespacedPod({
      namespace: 'default',
      body: { metadata: { name }, spec: { containers: [container] } },
    });
    await waitFor(`${name} to run`, async () => {
      const pod = await core.readNamespacedPod({ namespace: 'default', name });
      return pod.status?.phase === 'Running';
    });
  };
  await run('talker', ['sh', '-c', 'echo one; echo two; sleep infinity']);
  await run('echo', ['nc', '-ll', '-p', '8080', '-e', 'cat']);
  await run('cat', ['cat'], true);
});

afterAll(() => cluster.close());

function collect(): { stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { stream, text: () => text };
}

it('exec gives output, errors and the exit code', async () => {
  const [out, err] = [collect(), collect()];
  const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec('default', 'talker', 'talker', command, out.stream, err.stream, null, false, resolve)
      .catch(reject);
  });
  await waitFor('both streams', () => out.text() === 'out\n' && err.text() === 'err\n');
  expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
  expect(status.details?.causes).toEqual([expect.objectContaining({ reason: 'ExitCode', message: '3' })]);
});

it('attach passes input on and shows what comes', async () => {
  const out = collect();
  const input = new PassThrough();
  const socket = await new Attach(config).attach('default', 'cat', 'cat', out.stream, null, input, false);
  await waitFor('the echo', () => {
    input.write('hello\n');
    return out.text().includes('hello\n');
  });
  socket.close();
});

it('log: the last lines, with their times', async () => {
  const out = collect();
  await new Log(config).log('default', 'talker', 'talker', out.stream, {
    tailLines: 1,
    timestamps: true,
    sinceSeconds: 3600,
  });
  await waitFor('the line', () => /^\d{4}-\d\d-\d\dT\S+Z two\n$/.test(out.text()));
});

it('port-forward carries a connection', async () => {
  const forward = new PortForward(config);
  const server = createServer((socket) => void forward.portForward('default', 'echo', [8080], socket, null, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.write('there and back');
    await waitFor('the echo', () => answer === 'there and back');
  } finally {
    socket.destroy();
    server.close();
  }
});

it('metrics of nodes and pods are lists that it can read', async () => {
  const metrics = new Metrics(config);
  expect((await metrics.getNodeMetrics()).kind).toBe('NodeMetricsList');
  expect((await metrics.getPodMetrics('default')).kind).toBe('PodMetricsList');
});

it('asks which verbs are allowed, reads events of a pod, and kills it', async () => {
  const reviews = config.makeApiClient(AuthorizationV1Api);
  for (const verb of ['list', 'watch', 'delete']) {
    const spec = { resourceAttributes: { verb, resource: 'pods', namespace: 'default' } };
    const review = await reviews.createSelfSubjectAccessReview({ body: { spec } });
    expect(review.status?.allowed, verb).toBe(true);
  }
  const core = config.makeApiClient(CoreV1Api);
  const pod = { namespace: 'default', name: 'talker' };
  const fieldSelector = 'involvedObject.kind=Pod,involvedObject.name=talker';
  const { items } = await core.listNamespacedEvent({ namespace: 'default', fieldSelector });
  expect(items.map(({ involvedObject }) => involvedObject.kind)).toContain('Pod');
  await core.deleteNamespacedPod({ ...pod, gracePeriodSeconds: 0 });
  await expect(core.readNamespacedPod(pod)).rejects.toMatchObject({ code: 404 });
});
