import type { Cli } from './cli.js';
import type { StartedFacts } from './launchers.js';

/** What a person reads once it runs: what there is and what to type next. Pure. */
export function startupBlock(facts: StartedFacts, colors: Cli['colors']): string {
  const rows = [
    ['address', facts.url],
    ['kubeconfig', facts.kubeconfigPath],
    ['folder', facts.watchDirectory && `${facts.watchDirectory} (kept applied)`],
    ['worker', facts.node],
  ].filter((row): row is [string, string] => row[1] !== undefined);
  const config = facts.isDefaultPlace || facts.kubeconfigPath === undefined ? '' : ` --config ${facts.kubeconfigPath}`;
  const next = [
    ...(facts.kubeconfigPath === undefined
      ? []
      : [
          [`orch${config} apply -f web.yaml --wait`, 'run what a manifest says'],
          [`orch${config} get all -w`, 'watch it'],
          [`kubectl --kubeconfig ${facts.kubeconfigPath} get pods`, 'the same with kubectl'],
        ]),
    ['Ctrl-C', `stops ${facts.what === 'orch' ? 'orch' : `the ${facts.what}`}; containers go on running`],
  ];
  return [
    '',
    `  ${colors.bold(`${facts.what === 'orch' ? 'orch' : `the ${facts.what}`} is up`)}`,
    '',
    ...aligned(rows, (text) => text),
    '',
    ...aligned(next, colors.bold),
    '',
  ].join('\n');
}

function aligned(rows: readonly (readonly string[])[], paint: (text: string) => string): string[] {
  const width = Math.max(0, ...rows.map(([left = '']) => left.length));
  return rows.map(([left = '', right = '']) => `  ${paint(left.padEnd(width))}  ${right}`);
}
