import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { taskObject, tasksPath } from './api-harness.js';
import { startApiWithKubectl, useKubectl, type Kubectl } from './kubectl-harness.js';

/** Keeps the README's table of what works with kubectl true: what works names its test, and what does not is tried. */
interface Row {
  command: string;
  works: string;
  why: string;
}

const rows = readTable();

function readTable(): Row[] {
  const readme = readFileSync('README.md', 'utf8');
  const table = /<!-- kubectl: [\s\S]*?-->([\s\S]*?)<!-- end of kubectl -->/.exec(readme)?.[1] ?? '';
  const lines = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| with kubectl'));
  return lines.map((line) => {
    const [command = '', works = '', why = ''] = line.replace(/^\| | \|$/g, '').split(' | ');
    return { command, works, why };
  });
}

let kubectl: Kubectl;

describe("the README's table of what works with kubectl", () => {
  it('has rows of both sorts', () => {
    expect(rows.filter(({ works }) => works === 'yes').length).toBeGreaterThan(20);
    expect(rows.filter(({ works }) => works === 'no').length).toBeGreaterThan(5);
    expect(rows.every(({ works }) => works === 'yes' || works === 'no')).toBe(true);
  });

  it.each(rows.filter(({ works }) => works === 'yes'))('names a test that shows $command', ({ why }) => {
    const [file = '', ...title] = why.split(': ');
    const folder = file.startsWith('e2e/') ? 'test' : 'test/integration';
    const text = readFileSync(`${folder}/${file}.test.ts`, 'utf8');
    expect(text).toContain(`  it('${title.join(': ')}'`);
  });
});

describe('what the README says does not work', () => {
  useKubectl(startApiWithKubectl, async (started) => {
    kubectl = started.kubectl;
    await started.api.request('POST', tasksPath, { body: taskObject('web') });
    const labels = { app: 'web' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'busybox:latest' }] } };
    const body = { metadata: { name: 'web' }, spec: { selector: { matchLabels: labels }, template } };
    const created = await started.api.request('POST', '/apis/apps/v1/namespaces/default/deployments', { body });
    expect(created.status).toBe(201);
  });

  it.each(rows.filter(({ works }) => works === 'no'))('$command', async ({ command, why }) => {
    const words = /^`kubectl (.*)`$/.exec(command)?.[1]?.match(/'[^']*'|\S+/g) ?? [];
    expect(words).not.toEqual([]);
    const text = await kubectl.fails(...words.map((word) => word.replace(/^'|'$/g, '')));
    expect(text).not.toMatch(/unknown (command|flag|shorthand)/);
    expect(why).toMatch(/^[A-Za-z].*\.$/);
  });
});
