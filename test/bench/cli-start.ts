import { runCommand, type TestCluster } from '../support/orch-process.js';
import { ratioRow, type Row } from './row.js';

/** Whole processes: `orch get tasks` and, where there is one, `kubectl get tasks` on the same manager, in turn. */
export async function measureCliStart(options: {
  cluster: TestCluster;
  progress: (text: string) => void;
}): Promise<Row[]> {
  const { cluster, progress } = options;
  const milliseconds = { orch: [] as number[], kubectl: [] as number[], version: [] as number[], node: [] as number[] };
  const hasKubectl = await runCommand('kubectl', ['version', '--client']).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
  const timed = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
    const begin = performance.now();
    await work();
    into.push(performance.now() - begin);
  };
  const kubectl = [
    '--kubeconfig',
    cluster.kubeconfig,
    '--cache-dir',
    `${cluster.directory}/kube-cache`,
    'get',
    'tasks',
  ];
  for (let round = 0; round < 10; round += 1) {
    await timed(milliseconds.orch, () => cluster.must(['get', 'tasks']));
    if (hasKubectl) await timed(milliseconds.kubectl, () => runCommand('kubectl', kubectl));
    await timed(milliseconds.version, () => cluster.must(['--help']));
    await timed(milliseconds.node, () => runCommand(process.execPath, ['-e', '']));
  }
  progress('CLI start measured');
  return [
    ...(hasKubectl
      ? [
          ratioRow(
            '`orch get tasks`, whole process',
            'ms',
            milliseconds.orch,
            milliseconds.kubectl,
            '`kubectl get tasks`',
          ),
        ]
      : []),
    ratioRow('`orch --help`, whole process', 'ms', milliseconds.version, milliseconds.node, '`node -e ""`'),
  ];
}
