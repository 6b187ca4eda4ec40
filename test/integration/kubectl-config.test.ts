import { describe, expect, it } from 'vitest';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

let kubectl: Kubectl;

useKubectl(startApiWithKubectl, (started) => {
  kubectl = started.kubectl;
});

describe('kubectl on ConfigMaps and Secrets', () => {
  it('applies a ConfigMap, says unchanged, merges, and describes it', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { COLOR: blue, SIZE: "3" }\n';
    const path = await kubectl.write('map.yaml', map);
    expect(await kubectl.succeeds('apply', '-f', path)).toBe('configmap/settings created\n');
    expect(await kubectl.succeeds('apply', '-f', path)).toBe('configmap/settings unchanged\n');
    await kubectl.write('map.yaml', map.replace('SIZE: "3"', 'SHAPE: round'));
    expect(await kubectl.succeeds('apply', '-f', path)).toBe('configmap/settings configured\n');
    expect(await kubectl.succeeds('get', 'cm', 'settings', '-o', 'jsonpath={.data}')).toBe(
      '{"COLOR":"blue","SHAPE":"round"}',
    );
    expect(await kubectl.succeeds('get', 'configmaps')).toMatch(/NAME +DATA +AGE\nsettings +2 +\d+s/);
    expect(await kubectl.succeeds('describe', 'cm', 'settings')).toMatch(/COLOR:\n----\nblue/);
    await kubectl.succeeds('patch', 'cm', 'settings', '-p', '{"data":{"COLOR":"red"}}');
    expect(await kubectl.succeeds('get', 'cm', 'settings', '-o', 'jsonpath={.data.COLOR}')).toBe('red');
  });

  it('applies a Secret with stringData, and describes it without its values', async () => {
    const path = await kubectl.write(
      'secret.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: { name: login }\nstringData: { password: tell-nobody }\n',
    );
    expect(await kubectl.succeeds('apply', '-f', path)).toBe('secret/login created\n');
    expect(await kubectl.succeeds('get', 'secrets')).toMatch(/NAME +TYPE +DATA +AGE\nlogin +Opaque +1 +\d+s/);
    const encoded = await kubectl.succeeds('get', 'secret', 'login', '-o', 'jsonpath={.data.password}{.stringData}');
    expect(encoded).toBe(Buffer.from('tell-nobody').toString('base64'));
    const text = await kubectl.succeeds('describe', 'secret', 'login');
    expect(text).toMatch(/password: +11 bytes/);
    expect(text).not.toContain('tell-nobody');
    expect(await kubectl.succeeds('get', 'secrets', '--field-selector', 'type=Opaque', '-o', 'name')).toBe(
      'secret/login\n',
    );
  });

  it('refuses data that is not base64, and a change of what is immutable', async () => {
    const bad = await kubectl.write(
      'bad.yaml',
      'apiVersion: v1\nkind: Secret\nmetadata: { name: bad }\ndata: { password: "tell nobody!" }\n',
    );
    const refusal = await kubectl.fails('apply', '-f', bad);
    expect(refusal).toContain('The Secret "bad" is invalid: data.password: is not base64');
    expect(refusal.split('stdin')[0]).not.toContain('tell nobody');
    const fixed = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: fixed }\nimmutable: true\ndata: { a: b }\n';
    await kubectl.succeeds('apply', '-f', await kubectl.write('fixed.yaml', fixed));
    expect(await kubectl.fails('patch', 'cm', 'fixed', '-p', '{"data":{"a":"c"}}')).toContain('immutable');
  });
});
