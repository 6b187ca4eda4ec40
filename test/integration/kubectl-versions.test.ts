import { describe, expect, it } from 'vitest';
import { needsKubectlVersion, startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

/** The versions that the promise is about, called directly where they lie beside the kubectl on the path. */
const versions = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];

let kubectl: Kubectl;

useKubectl(startApiWithKubectl, async (started) => {
  kubectl = started.kubectl;
  await kubectl.write(
    'task.yaml',
    'apiVersion: orch.dev/v1\nkind: Task\nmetadata: { name: web }\nspec: { image: x }\n',
  );
});

describe('kubectl of every version', () => {
  it.for(versions)('%s applies, shows, patches, asks, makes and deletes', async (version, context) => {
    needsKubectlVersion(context, version);
    const succeeds = async (...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await kubectl.run(words, { version });
      expect(code, `kubectl ${version} ${words.join(' ')}: ${stderr}`).toBe(0);
      return stdout;
    };
    expect(await succeeds('apply', '-f', 'task.yaml')).toContain('created');
    expect(await succeeds('apply', '-f', 'task.yaml')).toContain('unchanged');
    expect(await succeeds('get', 'tasks')).toMatch(/^NAME +STATE[\s\S]*web +Pending/);
    expect(await succeeds('describe', 'task', 'web')).toContain('Events:');
    expect(await succeeds('patch', 'task', 'web', '--type=merge', '-p', '{"spec":{"priority":1}}')).toContain(
      'patched',
    );
    expect(await succeeds('create', 'configmap', 'made', '--from-literal=a=b')).toContain('created');
    expect(await succeeds('auth', 'can-i', 'create', 'tasks')).toBe('yes\n');
    expect(await succeeds('explain', 'task.spec')).toContain('image');
    expect(await succeeds('delete', 'task/web', 'configmap/made')).toContain('deleted');
  });
});
