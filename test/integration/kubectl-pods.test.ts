import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { startKubectlCluster } from './kubectl-cluster.js';
import { useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;

useKubectl(
  () => startKubectlCluster(),
  (started) => {
    kubectl = started.kubectl;
  },
);

function podManifest(name: string, container: string, more = ''): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: { app: ${name} }
spec:
  restartPolicy: Never
  containers:
    - name: app
      image: busybox:latest
      command: ${container}
${more}`;
}

describe('pods with kubectl', () => {
  it('runs one, which is a task, lists it and deletes it', async () => {
    expect(await kubectl.succeeds('run', 'web', '--image=busybox:latest', '--', 'sleep', 'infinity')).toBe(
      'pod/web created\n',
    );
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/web', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'pods')).toMatch(
      /NAME +READY +STATUS +RESTARTS +AGE\nweb +1\/1 +Running +0 +\d+s/,
    );
    expect(await kubectl.succeeds('get', 'po', '-o', 'wide')).toMatch(/IP +NODE +NOMINATED NODE +READINESS GATES/);
    expect(await kubectl.succeeds('get', 'tasks')).toMatch(/web +Running/);
    expect(
      await kubectl.succeeds('get', 'pods', '--field-selector', 'spec.nodeName=n1,status.phase=Running'),
    ).toContain('web');
    expect(await kubectl.succeeds('get', 'pods', '--field-selector', 'status.phase=Failed', '-o', 'name')).toBe('');
    expect(await kubectl.succeeds('get', 'pods', '-l', 'run=web', '-o', 'name')).toBe('pod/web\n');
    const described = await kubectl.succeeds('describe', 'pod', 'web');
    expect(described).toMatch(/Node: +n1/);
    expect(described).toMatch(/State: +Running/);
    expect(await kubectl.succeeds('delete', 'pod', 'web', '--grace-period=1')).toBe('pod "web" deleted\n');
    const missing = await kubectl.run(['get', 'pod', 'web']);
    expect(missing.stderr).toBe('Error from server (NotFound): pods "web" not found\n');
  });

  it('shows the events of a pod to whoever asks for those of the pod, and of the task', async () => {
    await kubectl.succeeds('run', 'told', '--image=busybox:latest', '--', 'sleep', 'infinity');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/told', '--timeout=20s');
    for (const kind of ['pod', 'task']) {
      const events = (await kubectl.succeeds('describe', kind, 'told')).split(/^Events:/m)[1] ?? '';
      expect(events, kind).toMatch(/Normal +Scheduled +\S+ +manager /);
      expect(events, kind).toMatch(/Normal +Running +\S+ +worker /);
      expect(events, kind).not.toContain('system:node');
      expect(await kubectl.succeeds('events', '--for', `${kind}/told`), kind).toContain('Successfully assigned');
    }
    const ofPods = await kubectl.succeeds('get', 'events', '--field-selector', 'involvedObject.kind=Pod');
    expect(ofPods).toMatch(/Running +pod\/told/);
    const following = kubectl.follow('events', '--for', 'pod/told', '-w');
    try {
      await waitFor('what was there', () => following.stdout().includes('Pod/told'));
      await kubectl.succeeds('delete', 'pod', 'told', '--now');
      await waitFor('what comes', () => /Pod\/told .*\n.*Killing/.test(following.stdout()));
    } finally {
      following.kill();
    }
    // A later pod of the same name is another one: it is not blamed for what came before.
    await kubectl.succeeds('run', 'told', '--image=nowhere.example/none:1', '--image-pull-policy=Never');
    const second = (await kubectl.succeeds('describe', 'pod', 'told')).split(/^Events:/m)[1] ?? '';
    expect(second).not.toContain('Killing');
    await kubectl.succeeds('delete', 'pod', 'told', '--now');
  });

  it('applies a manifest, says unchanged, and shows what was sent', async () => {
    const file = await kubectl.write(
      'pod.yaml',
      podManifest(
        'shop',
        '["sleep", "infinity"]',
        '      terminationMessagePath: /dev/x\n  dnsPolicy: ClusterFirst\n  serviceAccountName: builder\n',
      ),
    );
    const created = await kubectl.run(['apply', '-f', file]);
    expect(created.stdout).toBe('pod/shop created\n');
    expect(created.stderr).toBe('Warning: orch keeps these fields and does not act on them: spec.serviceAccountName\n');
    expect(await kubectl.succeeds('apply', '-f', file)).toBe('pod/shop unchanged\n');
    expect(await kubectl.succeeds('diff', '-f', file)).toBe('');
    const shown = JSON.parse(await kubectl.succeeds('get', 'pod', 'shop', '-o', 'json')) as {
      spec: { dnsPolicy: string; containers: { name: string; terminationMessagePath: string }[] };
    };
    expect(shown.spec.dnsPolicy).toBe('ClusterFirst');
    expect(shown.spec.containers).toMatchObject([{ name: 'app', terminationMessagePath: '/dev/x' }]);
    expect(await kubectl.succeeds('label', 'pod', 'shop', 'tier=front')).toContain('labeled');
    expect(await kubectl.succeeds('annotate', 'pod', 'shop', 'note=x')).toContain('annotated');
    expect(await kubectl.succeeds('get', 'task', 'shop', '-o', 'jsonpath={.metadata.labels.tier}')).toBe('front');
    // With kubectl 1.32 an unchanged pod says so after each of the ways to change one.
    expect(await kubectl.succeeds('apply', '-f', file)).toBe('pod/shop unchanged\n');
    await kubectl.succeeds('delete', '-f', file, '--grace-period=0', '--force');
  });

  it('changes the image by every kind of patch, and refuses what pods may not change', async () => {
    const file = await kubectl.write('patched.yaml', podManifest('patched', '["sleep", "infinity"]'));
    await kubectl.succeeds('apply', '-f', file);
    const image = (tag: string): string => `{"spec":{"containers":[{"name":"app","image":"busybox:${tag}"}]}}`;
    expect(await kubectl.succeeds('patch', 'pod', 'patched', '-p', image('1'))).toContain('patched');
    expect(await kubectl.succeeds('get', 'task', 'patched', '-o', 'jsonpath={.spec.image}')).toBe('busybox:1');
    const json = '[{"op":"replace","path":"/spec/containers/0/image","value":"busybox:2"}]';
    await kubectl.succeeds('patch', 'pod', 'patched', '--type=json', '-p', json);
    expect(await kubectl.succeeds('get', 'task', 'patched', '-o', 'jsonpath={.spec.image}')).toBe('busybox:2');
    await kubectl.succeeds('set', 'image', 'pod/patched', 'app=busybox:3');
    expect(await kubectl.succeeds('get', 'task', 'patched', '-o', 'jsonpath={.spec.image}')).toBe('busybox:3');
    const merge = '{"metadata":{"labels":{"a":"b"}}}';
    await kubectl.succeeds('patch', 'pod', 'patched', '--type=merge', '-p', merge);
    const command = '{"spec":{"containers":[{"name":"app","command":["true"]}]}}';
    const refused = await kubectl.run(['patch', 'pod', 'patched', '-p', command]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('The Pod "patched" is invalid: spec: Forbidden');
    expect(refused.stderr).toContain('pod updates may not change fields other than');
    await kubectl.succeeds('delete', 'pod', 'patched', '--grace-period=0', '--force');
  });

  it('gives a pod what ConfigMaps and Secrets hold, and says what it waits for', async () => {
    await kubectl.succeeds('create', 'configmap', 'settings', '--from-literal=COLOR=blue');
    const more = `      envFrom: [{ configMapRef: { name: settings } }, { prefix: DB_, secretRef: { name: login } }]
      env:
        - { name: ME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        - { name: WORD, valueFrom: { secretKeyRef: { name: login, key: word } } }
`;
    const script = '["sh", "-c", "echo $COLOR $DB_word $WORD $ME; sleep infinity"]';
    const file = await kubectl.write('configured.yaml', podManifest('configured', script, more));
    await kubectl.succeeds('apply', '-f', file);
    const reason = '{.status.containerStatuses[0].state.waiting.reason}';
    await kubectl.succeeds(
      'wait',
      `--for=jsonpath=${reason}=CreateContainerConfigError`,
      'pod/configured',
      '--timeout=20s',
    );
    expect(await kubectl.succeeds('get', 'pod', 'configured')).toMatch(
      /configured +0\/1 +CreateContainerConfigError +0/,
    );
    const waiting = await kubectl.succeeds('describe', 'pod', 'configured');
    expect(waiting).toContain('there is no Secret "login" in the namespace "default" (spec.envFrom[1])');
    await kubectl.succeeds('create', 'secret', 'generic', 'login', '--from-literal=word=hush');
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/configured', '--timeout=25s');
    await waitFor(
      'its output',
      async () => (await kubectl.succeeds('logs', 'configured')) === 'blue hush hush configured\n',
    );
    const described = await kubectl.succeeds('describe', 'pod', 'configured');
    expect(described).toMatch(/settings +ConfigMap +Optional: false/);
    expect(described).toMatch(/login +Secret with prefix 'DB_' +Optional: false/);
    expect(described).toMatch(/WORD: +<set to the key 'word' in secret 'login'> +Optional: false/);
    expect(`${described}${await kubectl.succeeds('get', 'pods,tasks,events', '-o', 'yaml')}`).not.toContain('hush');
    expect(await kubectl.succeeds('apply', '-f', file)).toBe('pod/configured unchanged\n');
    await kubectl.succeeds('delete', 'pod', 'configured', '--now');
    await kubectl.succeeds('delete', 'cm/settings', 'secret/login');
  });

  it('gives a pod files of ConfigMaps and Secrets', async () => {
    await kubectl.write('app.conf', 'color=blue\n');
    await kubectl.succeeds('create', 'configmap', 'files', `--from-file=${kubectl.file('app.conf')}`);
    await kubectl.succeeds('create', 'secret', 'generic', 'key', '--from-literal=id=hush');
    const more = `      volumeMounts:
        - { name: config, mountPath: /etc/app, readOnly: true }
        - { name: key, mountPath: /scratch/key }
        - { name: scratch, mountPath: /scratch }
        - { name: scratch, mountPath: /again }
  volumes:
    - { name: config, configMap: { name: files, items: [{ key: app.conf, path: conf.d/app.conf }] } }
    - { name: key, secret: { secretName: key, defaultMode: 0o400 } }
    - { name: scratch, emptyDir: {} }
`;
    const script = '["sh", "-c", "cat /etc/app/conf.d/app.conf; cat /scratch/key/id; sleep infinity"]';
    const file = await kubectl.write('files.yaml', podManifest('files', script, more));
    await kubectl.succeeds('apply', '-f', file);
    await kubectl.succeeds('wait', '--for=condition=Ready', 'pod/files', '--timeout=20s');
    await waitFor('its output', async () => (await kubectl.succeeds('logs', 'files')) === 'color=blue\nhush');
    const described = await kubectl.succeeds('describe', 'pod', 'files');
    expect(described).toMatch(/Type: +ConfigMap \(a volume populated by a ConfigMap\)\n +Name: +files/);
    expect(described).toMatch(/\/etc\/app from config \(ro\)/);
    expect(described).toMatch(/SecretName: +key/);
    expect(described).not.toContain('hush');
    expect(await kubectl.succeeds('apply', '-f', file)).toBe('pod/files unchanged\n');
    await kubectl.succeeds('delete', 'pod', 'files', '--now');
    await kubectl.succeeds('delete', 'cm/files', 'secret/key');
  });

  it('applies on the server', async () => {
    const file = await kubectl.write('ssa.yaml', podManifest('ssa', '["sleep", "infinity"]'));
    expect(await kubectl.succeeds('apply', '--server-side', '-f', file)).toBe('pod/ssa serverside-applied\n');
    const changed = await kubectl.write(
      'ssa2.yaml',
      podManifest('ssa', '["sleep", "infinity"]').replace(':latest', ':9'),
    );
    const conflict = await kubectl.run(['apply', '--server-side', '--field-manager=other', '-f', changed]);
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('conflict');
    expect(await kubectl.succeeds('apply', '--server-side', '-f', changed)).toBe('pod/ssa serverside-applied\n');
    expect(await kubectl.succeeds('get', 'task', 'ssa', '-o', 'jsonpath={.spec.image}')).toBe('busybox:9');
    await kubectl.succeeds('delete', 'pod', 'ssa', '--grace-period=0', '--force');
  });

  it('keeps the container of a task that says what its pod says anyway, whichever is applied', async () => {
    const pod = podManifest('tcp', '["sleep", "infinity"]', '      ports: [{ containerPort: 80, protocol: TCP }]');
    const spec =
      '{ image: busybox:latest, restartPolicy: Never, command: [sleep, infinity], ports: [{ containerPort: 80, protocol: TCP }] }';
    const task = `apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: tcp, labels: { app: tcp } }\nspec: ${spec}\n`;
    const apply = async (text: string): Promise<string> => {
      await kubectl.succeeds('apply', '--server-side', '-f', await kubectl.write('tcp.yaml', text));
      return kubectl.succeeds('get', 'task', 'tcp', '-o', 'jsonpath={.metadata.generation} {.spec.ports}');
    };
    const before = await apply(task);
    expect(before).toContain('"protocol":"TCP"');
    expect(await apply(pod)).toBe(before);
    await kubectl.succeeds('delete', 'pod', 'tcp', '--grace-period=0', '--force');
  });

  it('refuses by name what orch does not act on', async () => {
    const bad = await kubectl.write(
      'bad.yaml',
      podManifest(
        'bad',
        '["true"]',
        '      volumeMounts: [{ name: v, mountPath: /v, subPath: a }]\n  hostPID: true\n  volumes: [{ name: v, nfs: {server: s} }]\n',
      ),
    );
    const output = await kubectl.run(['create', '-f', bad]);
    expect(output.code).toBe(1);
    expect(output.stderr).toContain('The Pod "bad" is invalid');
    for (const field of ['spec.hostPID', 'spec.volumes[0].nfs', 'spec.containers[0].volumeMounts[0].subPath']) {
      expect(output.stderr).toContain(field);
    }
    const lost = podManifest('lost', '["true"]').replace(
      'image:',
      'livenessProbe: { httpGet: { port: web } }\n      image:',
    );
    const probe = await kubectl.run(['create', '-f', await kubectl.write('lost.yaml', lost)]);
    expect(probe.stderr).toContain(
      'spec.containers[0].livenessProbe.httpGet.port: no entry of spec.containers[0].ports',
    );
    const typo = await kubectl.write('typo.yaml', podManifest('typo', '["true"]').replace('image:', 'imagee:'));
    const misspelt = await kubectl.run(['create', '-f', typo]);
    expect(misspelt.stderr).toContain('unknown field "spec.containers[0].imagee"');
    const made = ['pods/bad', 'tasks/bad', 'pods/typo', 'tasks/typo'];
    expect(await kubectl.succeeds('get', ...made, '--ignore-not-found', '-o', 'name')).toBe('');
  });

  it('shows how a pod ended', async () => {
    const file = await kubectl.write('job.yaml', podManifest('job', '["sh", "-c", "exit 3"]'));
    await kubectl.succeeds('create', '-f', file);
    await kubectl.succeeds('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/job', '--timeout=20s');
    expect(await kubectl.succeeds('get', 'pods')).toMatch(/job +0\/1 +Error +0/);
    const code = '{.status.containerStatuses[0].state.terminated.exitCode}';
    expect(await kubectl.succeeds('get', 'pod', 'job', '-o', `jsonpath=${code}`)).toBe('3');
    await kubectl.succeeds('delete', 'pod', 'job', '--now');
  });

  it('explains pods, and lists them among the resources', async () => {
    expect(await kubectl.succeeds('explain', 'pod.spec.containers.image')).toContain('The image reference.');
    expect(await kubectl.succeeds('explain', 'pod.status.phase')).toMatch(/ENUM:\s+Pending\s+Running/);
    expect(await kubectl.succeeds('api-resources')).toMatch(/pods +po +v1 +true +Pod/);
  });
});
