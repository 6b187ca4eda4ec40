import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster } from './kubectl-cluster.js';
import { useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;

useKubectl(
  () => startKubectlCluster(),
  (started) => {
    kubectl = started.kubectl;
    // Only where there is a kubectl there is something to clear up.
    clearUp = () =>
      kubectl.run(['delete', 'deployments,tasks', '--all', '--grace-period=1', '--wait=true', '--timeout=20s']);
  },
);

let clearUp: () => Promise<unknown> = () => Promise.resolve();
afterEach(() => clearUp());

function manifest(name: string, more = '', container = ''): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: 3
  selector: { matchLabels: { app: ${name} } }
${more}  template:
    metadata:
      labels: { app: ${name} }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: busybox:1
          command: [sleep, infinity]
${container}`;
}

/** As `kubectl get -o yaml` prints one, cut down to what is sent again. */
const wholeManifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  annotations: { deployment.kubernetes.io/revision: "1" }
  creationTimestamp: "2026-01-01T00:00:00Z"
  generation: 1
  labels: { app: whole }
  name: whole
  namespace: default
  uid: 4c7ad0c5-0e5a-4b0c-8f0a-0a4c7f6f1a11
spec:
  progressDeadlineSeconds: 600
  replicas: 1
  revisionHistoryLimit: 10
  selector: { matchLabels: { app: whole } }
  strategy: { rollingUpdate: { maxSurge: 25%, maxUnavailable: 25% }, type: RollingUpdate }
  template:
    metadata:
      creationTimestamp: null
      labels: { app: whole }
    spec:
      containers:
        - command: [sleep, infinity]
          env: [{ name: A, value: b }]
          image: busybox:1
          imagePullPolicy: IfNotPresent
          livenessProbe:
            failureThreshold: 3
            httpGet: { path: /, port: 8080, scheme: HTTP }
            periodSeconds: 10
            successThreshold: 1
            timeoutSeconds: 1
            initialDelaySeconds: 300
          name: app
          ports: [{ containerPort: 8080, protocol: TCP }]
          resizePolicy:
            - { resourceName: cpu, restartPolicy: NotRequired }
            - { resourceName: memory, restartPolicy: NotRequired }
          resources: {}
          securityContext: {}
          terminationMessagePath: /dev/termination-log
          terminationMessagePolicy: File
      automountServiceAccountToken: true
      dnsPolicy: ClusterFirst
      enableServiceLinks: true
      hostUsers: true
      preemptionPolicy: PreemptLowerPriority
      priority: 0
      restartPolicy: Always
      schedulerName: default-scheduler
      securityContext: {}
      serviceAccount: default
      serviceAccountName: default
      terminationGracePeriodSeconds: 1
      tolerations:
        - { effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 300 }
status:
  observedGeneration: 1
`;

async function apply(name: string, more = '', container = ''): Promise<void> {
  const file = await kubectl.write(`${name}.yaml`, manifest(name, more, container));
  expect(await kubectl.succeeds('apply', '-f', file)).toContain(`deployment.apps/${name}`);
}

async function images(): Promise<string[]> {
  const shown = await kubectl.succeeds('get', 'tasks', '-o', 'jsonpath={.items[*].spec.image}');
  return shown.split(' ').filter((image) => image !== '');
}

describe('deployments with kubectl', () => {
  it('creates one, which makes tasks, lists and describes it', async () => {
    const created = await kubectl.succeeds(
      ...['create', 'deployment', 'web', '--image=busybox:latest', '--replicas=2', '--port=8080'],
      ...['--', 'sleep', 'infinity'],
    );
    expect(created).toBe('deployment.apps/web created\n');
    await kubectl.succeeds('wait', '--for=condition=Available', 'deploy/web', '--timeout=20s');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'deploy')).toMatch(
      /NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s/,
    );
    expect(await kubectl.succeeds('get', 'deploy', '-o', 'wide')).toMatch(
      /CONTAINERS +IMAGES +SELECTOR\nweb .* busybox +busybox:latest +app=web/,
    );
    expect(await kubectl.succeeds('get', 'pods', '-l', 'app=web', '-o', 'name')).toMatch(
      /^pod\/web-[0-9a-f]{10}-0\npod\/web-[0-9a-f]{10}-1\n$/,
    );
    expect(await kubectl.succeeds('get', 'all')).toContain('deployment.apps/web');
    const described = await kubectl.succeeds('describe', 'deployment', 'web');
    expect(described).toMatch(/Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/);
    expect(described).toMatch(/Available +True +MinimumReplicasAvailable/);
    expect(described).toMatch(/Progressing +True +NewReplicaSetAvailable/);
    const scaled = /ScalingReplicaSet .*Scaled up replica set web-[0-9a-f]{10} from 0 to 2/;
    expect(described).toMatch(scaled);
    expect(described).toMatch(/From +Message[^]*deployment-controller/);
    expect(await kubectl.succeeds('get', 'events')).toMatch(/Normal +ScalingReplicaSet +deployment\/web +Scaled up/);
    expect(await kubectl.succeeds('events', '--for', 'deployment/web')).toMatch(/ScalingReplicaSet +Deployment\/web/);
    expect(await kubectl.succeeds('explain', 'deployment.spec.strategy.rollingUpdate')).toContain('maxSurge');
  });

  it('scales one up, down and to nothing', async () => {
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    expect(await kubectl.succeeds('scale', 'deploy/web', '--replicas=5', '--timeout=20s')).toBe(
      'deployment.apps/web scaled\n',
    );
    await kubectl.succeeds('wait', 'deploy/web', '--for=jsonpath={.status.availableReplicas}=5', '--timeout=20s');
    const refused = await kubectl.fails('scale', 'deploy/web', '--current-replicas=4', '--replicas=1');
    expect(refused).toContain('Expected replicas to be 4, was 5');
    await kubectl.succeeds('scale', 'deploy/web', '--current-replicas=5', '--replicas=1');
    await kubectl.succeeds('wait', 'deploy/web', '--for=jsonpath={.status.replicas}=1', '--timeout=20s');
    const scale = JSON.parse(
      await kubectl.succeeds('get', 'deploy', 'web', '--subresource=scale', '-o', 'json'),
    ) as object;
    expect(scale).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      spec: { replicas: 1 },
      status: { replicas: 1, selector: 'app=web' },
    });
    await kubectl.succeeds('scale', 'deploy/web', '--replicas=0');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    await kubectl.succeeds('wait', '--for=delete', 'tasks', '-l', 'app=web', '--timeout=20s');
    expect(await kubectl.fails('scale', 'deploy/web', '--replicas=20000')).toContain(
      'spec.replicas: must be between 0 and 10000, not 20000',
    );
  });

  it('changes the image step by step, and says how far it is', async () => {
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    await kubectl.succeeds('label', 'tasks', '--all', 'made=first');
    expect(await kubectl.succeeds('set', 'image', 'deploy/web', 'app=busybox:2')).toBe(
      'deployment.apps/web image updated\n',
    );
    const status = await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    expect(status).toContain('deployment "web" successfully rolled out');
    await kubectl.succeeds('wait', '--for=delete', 'tasks', '-l', 'made=first', '--timeout=20s');
    expect(await images()).toEqual(['busybox:2', 'busybox:2', 'busybox:2']);
  });

  it('starts all tasks anew', async () => {
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    await kubectl.succeeds('label', 'tasks', '--all', 'made=first');
    expect(await kubectl.succeeds('rollout', 'restart', 'deploy/web')).toBe('deployment.apps/web restarted\n');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    await kubectl.succeeds('wait', '--for=delete', 'tasks', '-l', 'made=first', '--timeout=20s');
    expect(await images()).toEqual(['busybox:1', 'busybox:1', 'busybox:1']);
  });

  it('keeps still while it is paused, and goes on afterwards', async () => {
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    await kubectl.succeeds('rollout', 'pause', 'deploy/web');
    await kubectl.succeeds('set', 'image', 'deploy/web', 'app=busybox:2');
    await kubectl.succeeds('scale', 'deploy/web', '--replicas=4');
    await kubectl.succeeds('wait', 'deploy/web', '--for=jsonpath={.status.availableReplicas}=4', '--timeout=20s');
    expect(await images()).not.toContain('busybox:2');
    await kubectl.succeeds('rollout', 'resume', 'deploy/web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'deploy', 'web', '-o', 'jsonpath={.status.updatedReplicas}')).toBe('4');
  });

  it('applies a manifest, says unchanged, and keeps what it does not act on', async () => {
    const more = '  revisionHistoryLimit: 3\n  strategy: {}\n';
    const file = await kubectl.write(
      'web.yaml',
      manifest('web', more, '          resources: {}\n      dnsPolicy: Default\n'),
    );
    const created = await kubectl.run(['apply', '-f', file]);
    expect(created.stdout).toBe('deployment.apps/web created\n');
    expect(created.stderr).toBe(
      'Warning: orch keeps these fields and does not act on them: spec.template.spec.dnsPolicy\n',
    );
    expect(await kubectl.succeeds('apply', '-f', file)).toBe('deployment.apps/web unchanged\n');
    expect(await kubectl.succeeds('diff', '-f', file)).toBe('');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'pods', '-o', 'jsonpath={.items[0].spec.dnsPolicy}')).toBe('Default');
    expect(await kubectl.succeeds('apply', '--server-side', '--force-conflicts', '-f', file)).toBe(
      'deployment.apps/web serverside-applied\n',
    );
  });

  it('takes what a server of Kubernetes gives back, with all its defaults', async () => {
    const file = await kubectl.write('whole.yaml', wholeManifest);
    const created = await kubectl.run(['create', '--validate=strict', '-f', file]);
    expect(created).toMatchObject({ code: 0, stdout: 'deployment.apps/whole created\n' });
    await kubectl.succeeds('rollout', 'status', 'deploy/whole', '--timeout=20s');
    // Another value of the same field would run something else.
    for (const [from, to, field] of [
      ['scheme: HTTP', 'scheme: HTTPS', 'containers[0].livenessProbe.httpGet.scheme'],
      ['hostUsers: true', 'hostUsers: false', 'hostUsers'],
      ['restartPolicy: NotRequired', 'restartPolicy: RestartContainer', 'containers[0].resizePolicy'],
      ['terminationMessagePolicy: File', 'terminationMessagePolicy: Never', 'containers[0].terminationMessagePolicy'],
      ['dnsPolicy: ClusterFirst', 'dnsPolicy: None', 'dnsPolicy'],
      ['schedulerName: default-scheduler', 'schedulerName: mine', 'schedulerName'],
    ] as const) {
      const other = await kubectl.write('other.yaml', wholeManifest.replace(from, to).replaceAll('whole', 'other'));
      expect(await kubectl.fails('create', '-f', other), field).toContain(`spec.template.spec.${field}`);
    }
  });

  it('is no new rollout when it is scaled', async () => {
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    const progressing = 'jsonpath={.status.conditions[?(@.type=="Progressing")]}';
    const before = await kubectl.succeeds('get', 'deploy', 'web', '-o', progressing);
    expect(before).toContain('NewReplicaSetAvailable');
    await kubectl.succeeds('scale', 'deploy/web', '--replicas=5', '--timeout=20s');
    await kubectl.succeeds('wait', 'deploy/web', '--for=jsonpath={.status.availableReplicas}=5', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'deploy', 'web', '-o', progressing)).toBe(before);
  });

  it('takes its tasks along when it is deleted, or leaves them to the next one', async () => {
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    const names = await kubectl.succeeds('get', 'tasks', '-o', 'name');
    await kubectl.succeeds('delete', 'deploy', 'web', '--cascade=orphan');
    expect(await kubectl.succeeds('get', 'tasks', '-o', 'name')).toBe(names);
    await apply('web');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'tasks', '-o', 'name')).toBe(names);
    await kubectl.succeeds('delete', 'deploy', 'web', '--cascade=foreground', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'tasks', '-o', 'name')).toBe('');
  });

  it('gives its tasks what ConfigMaps and Secrets hold, and says where a template is wrong about them', async () => {
    await kubectl.succeeds('create', 'secret', 'generic', 'db', '--from-literal=word=hush');
    const mounts = '          volumeMounts: [{ name: db, mountPath: /etc/db }]\n';
    await apply('web', '', `${mounts}      volumes: [{ name: db, secret: { secretName: db } }]\n`);
    await kubectl.succeeds('set', 'env', 'deploy/web', '--from=secret/db', '--prefix=DB_');
    await kubectl.succeeds('rollout', 'status', 'deploy/web', '--timeout=25s');
    const ofTasks = '{range .items[*]}{.spec.env}{.spec.volumes}{"\\n"}{end}';
    const wanted =
      '[{"name":"DB_WORD","valueFrom":{"secretKeyRef":{"key":"word","name":"db"}}}][{"name":"db","secret":{"secretName":"db"}}]\n';
    await waitFor('its tasks, and no older ones', async () => {
      const shown = await kubectl.succeeds('get', 'tasks', '-o', `jsonpath=${ofTasks}`);
      return shown === wanted.repeat(3);
    });
    const wrong =
      'env: [{ name: A, valueFrom: {} }]\n      volumes: [{ name: db, emptyDir: {}, secret: { secretName: db } }]\n';
    const file = await kubectl.write('wrong.yaml', manifest('wrong', '', `          ${wrong}`));
    const refusal = await kubectl.fails('create', '-f', file);
    expect(refusal).toContain('spec.template.spec.containers[0].env[0].valueFrom: needs exactly one of');
    expect(refusal).toContain('spec.template.spec.volumes[0]: ');
    await kubectl.succeeds('delete', 'secret', 'db');
  });

  it('MF-07: refuses selectors that select nothing of its own, everything, or something else than before', async () => {
    const wrong = await kubectl.write(
      'wrong.yaml',
      manifest('web').replace('labels: { app: web }', 'labels: { app: x }'),
    );
    expect(await kubectl.fails('create', '-f', wrong)).toContain(
      'spec.template.metadata.labels: `selector` does not match template `labels`',
    );
    const empty = await kubectl.write('empty.yaml', manifest('web').replace('{ matchLabels: { app: web } }', '{}'));
    expect(await kubectl.fails('create', '-f', empty)).toContain('spec.selector: must name at least one label');
    await apply('web');
    const patch = '{"spec":{"selector":{"matchLabels":{"tier":"x"}},"template":{"metadata":{"labels":{"tier":"x"}}}}}';
    expect(await kubectl.fails('patch', 'deploy', 'web', '-p', patch)).toContain('spec.selector: field is immutable');
  });

  it('refuses by name what orch does not act on, in every place', async () => {
    const file = await kubectl.write(
      'bad.yaml',
      manifest('web', '', '          securityContext: { runAsUser: 1 }\n      hostPID: true\n      nodeNam: y\n'),
    );
    const strict = await kubectl.fails('create', '-f', file);
    expect(strict).toContain('unknown field "spec.template.spec.nodeNam"');
    const lax = await kubectl.fails('create', '-f', file, '--validate=ignore');
    expect(lax).toContain('spec.template.spec.hostPID: orch does not act on this field');
    expect(lax).toContain('spec.template.spec.containers[0].securityContext: orch does not act on runAsUser');
    expect(await kubectl.fails('create', 'deployment', 'two', '--image=a', '--image=b')).toContain(
      'orch runs one container in a pod, not 2',
    );
  });
});
