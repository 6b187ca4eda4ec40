import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { tasksPath, type TestApi } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

let api: TestApi;
let kubectl: Kubectl;

useKubectl(startApiWithKubectl, (started) => {
  ({ api, kubectl } = started);
});

const task = (name: string, spec = 'image: busybox:latest', metadata = ''): string =>
  `apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: ${name}${metadata} }\nspec: { ${spec} }\n`;
const configMap = (name: string, value = 'x'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { key: ${value} }\n`;

describe('kubectl apply', () => {
  it('-k builds a kustomization', async () => {
    await mkdir(kubectl.file('kustom'));
    await writeFile(kubectl.file('kustom/task.yaml'), task('web'));
    await writeFile(
      kubectl.file('kustom/kustomization.yaml'),
      'namePrefix: test-\nresources: [task.yaml]\nconfigMapGenerator: [{ name: settings, literals: [a=b] }]\n',
    );
    const output = await kubectl.succeeds('apply', '-k', 'kustom');
    expect(output).toMatch(/^configmap\/test-settings-\w+ created\ntask.orch.dev\/test-web created\n$/);
    expect(await kubectl.succeeds('apply', '-k', 'kustom')).toMatch(/unchanged\n.*unchanged\n$/);
  });

  it('--prune --applyset removes what left the set, of any kind, and nothing else', async () => {
    const env = { KUBECTL_APPLYSET: 'true' };
    const apply = async (): Promise<string> => {
      const words = ['apply', '-n', 'default', '--prune', '--applyset=configmaps/parent', '-f', 'set.yaml'];
      const { code, stdout, stderr } = await kubectl.run(words, { env });
      expect(code, stderr).toBe(0);
      return stdout;
    };
    await kubectl.succeeds('apply', '-f', await kubectl.write('bystander.yaml', configMap('bystander')));
    await kubectl.write('set.yaml', [task('set-a'), task('set-b'), configMap('set-c')].join('---\n'));
    expect(await apply()).toMatch(/set-a created[\s\S]*set-c created/);
    await kubectl.write('set.yaml', task('set-a'));
    const pruned = await apply();
    expect(pruned).toContain('task.orch.dev/set-b pruned');
    expect(pruned).toContain('configmap/set-c pruned');
    expect(await kubectl.succeeds('get', 'tasks,cm', '-o', 'name')).toMatch(
      /task\.orch\.dev\/set-a\n[\s\S]*configmap\/bystander\n/,
    );
    expect(await kubectl.fails('get', 'task', 'set-b')).toContain('NotFound');
  });

  it('--prune -l with an allow-list removes what it applied before', async () => {
    const labelled = (name: string): string => task(name, undefined, ', labels: { app: old }');
    await kubectl.write('prune.yaml', `${labelled('keep')}---\n${labelled('drop')}`);
    const words = ['apply', '--prune', '-l', 'app=old', '--prune-allowlist=orch.dev/v1/Task', '-f', 'prune.yaml'];
    await kubectl.succeeds(...words);
    await kubectl.write('prune.yaml', labelled('keep'));
    expect(await kubectl.succeeds(...words)).toContain('task.orch.dev/drop pruned');
  });

  it('changes nothing with --dry-run=server, and says what diff would', async () => {
    const path = await kubectl.write('dry.yaml', task('dry'));
    expect(await kubectl.succeeds('apply', '--dry-run=server', '-f', path)).toBe(
      'task.orch.dev/dry created (server dry run)\n',
    );
    expect((await api.request('GET', `${tasksPath}/dry`)).status).toBe(404);
    await kubectl.succeeds('apply', '-f', path);
    await kubectl.write('dry.yaml', task('dry', 'image: busybox:musl'));
    const { code, stdout } = await kubectl.run(['diff', '-f', path]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/-.*image: busybox:latest\n\+.*image: busybox:musl/);
    expect(await kubectl.succeeds('apply', '-f', path)).toContain('configured');
    expect(await kubectl.succeeds('diff', '-f', path)).toBe('');
  });

  it('moves from client-side to server-side apply, and back to a diff without conflicts', async () => {
    const path = await kubectl.write('both.yaml', task('both'));
    await kubectl.succeeds('apply', '-f', path);
    expect(await kubectl.succeeds('apply', '--server-side', '-f', path)).toBe(
      'task.orch.dev/both serverside-applied\n',
    );
    expect(await kubectl.succeeds('diff', '--server-side', '-f', path)).toBe('');
    const managers = await kubectl.succeeds(
      ...['get', 'task', 'both', '--show-managed-fields', '-o', 'jsonpath={.metadata.managedFields[*].manager}'],
    );
    expect(managers).toContain('kubectl');
  });
});

describe('what kubectl prints of a refusal', () => {
  it('names the field, the value and the reason', async () => {
    const bad = 'image: busybox:latest, restartPolicy: Allways, priority: high';
    const text = await kubectl.fails('create', '-f', await kubectl.write('bad.yaml', task('bad', bad)));
    expect(text).toContain('The Task "bad" is invalid');
    expect(text).toContain('* spec.restartPolicy: must be one of Always, OnFailure, Never, not "Allways"');
    expect(text).toContain('* spec.priority: must be');
  });

  it('is strict, a warning, or silent about unknown fields, as asked', async () => {
    const path = await kubectl.write('odd.yaml', task('odd', 'image: busybox:latest, colour: blue'));
    expect(await kubectl.fails('apply', '-f', path)).toContain('unknown field "spec.colour"');
    const warned = await kubectl.run(['apply', '--validate=warn', '-f', path]);
    expect(warned).toMatchObject({ code: 0, stdout: 'task.orch.dev/odd created\n' });
    expect(warned.stderr).toMatch(/^Warning: unknown field "spec.colour"/);
    const silent = await kubectl.run(['replace', '--validate=ignore', '-f', path]);
    expect(silent).toMatchObject({ code: 0, stderr: '' });
    expect(await kubectl.succeeds('get', 'task', 'odd', '-o', 'jsonpath={.spec.colour}')).toBe('');
  });

  it('sounds as from Kubernetes when things are missing, there already, or changed', async () => {
    const path = await kubectl.write('twice.yaml', task('twice'));
    await kubectl.succeeds('create', '-f', path);
    expect(await kubectl.fails('create', '-f', path)).toContain(
      'Error from server (AlreadyExists): error when creating "twice.yaml": tasks.orch.dev "twice" already exists'.replace(
        'twice.yaml',
        path,
      ),
    );
    const yaml = await kubectl.succeeds('get', 'task', 'twice', '-o', 'yaml');
    await kubectl.succeeds('label', 'task', 'twice', 'a=b');
    const stale = await kubectl.write('stale.yaml', yaml.replace('busybox:latest', 'busybox:musl'));
    expect(await kubectl.fails('replace', '-f', stale)).toContain('the object has been modified');
    expect(await kubectl.fails('get', 'tusks')).toContain('the server doesn\'t have a resource type "tusks"');
    expect(await kubectl.fails('get', 'tasks', '--field-selector', 'spec.image=x')).toContain(
      'field label not supported: spec.image',
    );
  });
});

describe('kubectl edit', () => {
  it('opens what is there and applies what comes back; an invalid edit is shown again', async () => {
    await kubectl.succeeds('create', '-f', await kubectl.write('edited.yaml', task('edited', 'image: a')));
    const edit = (script: string): ReturnType<Kubectl['run']> =>
      kubectl.run(['edit', 'task', 'edited'], { env: { KUBE_EDITOR: script } });
    expect(await edit(`sed -i 's/image: a/image: b/'`)).toMatchObject({ stdout: 'task.orch.dev/edited edited\n' });
    expect(await kubectl.succeeds('get', 'task', 'edited', '-o', 'jsonpath={.spec.image}')).toBe('b');
    expect((await edit('true')).stderr + (await edit('true')).stdout).toContain('no changes');
    const refused = await edit(`sed -i 's/image: b/imagine: c/'`);
    expect(refused.code).not.toBe(0);
    expect(await kubectl.succeeds('get', 'task', 'edited', '-o', 'jsonpath={.spec.image}')).toBe('b');
  });
});

describe('kubectl create and patch', () => {
  it('makes a name from generateName', async () => {
    const manifest = task('x').replace('name: x', 'generateName: job-');
    const names = [];
    for (let round = 0; round < 2; round += 1) {
      names.push(await kubectl.succeeds('create', '-f', await kubectl.write('generate.yaml', manifest), '-o', 'name'));
    }
    expect(names[0]).toMatch(/^task.orch.dev\/job-[a-z0-9]{5}\n$/);
    expect(names[1]).not.toBe(names[0]);
  });

  it('patches in three ways, and says so when nothing changes', async () => {
    await kubectl.succeeds('create', '-f', await kubectl.write('patched.yaml', task('patched')));
    const patch = (...words: string[]): Promise<string> => kubectl.succeeds('patch', 'task', 'patched', ...words);
    const json = '[{"op":"add","path":"/spec/priority","value":3},{"op":"test","path":"/spec/priority","value":3}]';
    expect(await patch('--type=json', '-p', json)).toBe('task.orch.dev/patched patched\n');
    expect(await patch('--type=merge', '-p', '{"spec":{"priority":3}}')).toContain('patched (no change)');
    const failing = [
      'patch',
      'task',
      'patched',
      '--type=json',
      '-p',
      '[{"op":"test","path":"/spec/image","value":"x"}]',
    ];
    expect(await kubectl.fails(...failing)).toContain('The Task "patched" is invalid');
    await kubectl.succeeds('apply', '-f', await kubectl.write('cm.yaml', configMap('strategic')));
    expect(await kubectl.succeeds('patch', 'cm', 'strategic', '-p', '{"data":{"other":"y"}}')).toContain('patched');
    expect(await kubectl.succeeds('annotate', 'cm', 'strategic', 'a=b')).toContain('annotated');
    expect(await kubectl.succeeds('label', 'tasks,cm', '--all', 'seen=yes')).toContain('strategic labeled');
    expect(await kubectl.succeeds('label', 'cm', 'strategic', 'seen-')).toContain('unlabeled');
  });
});
