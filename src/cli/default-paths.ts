import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where `orch up` and `orch manager` keep their data unless --data says otherwise: one place, so that all commands agree. */
export function defaultDataDirectory(env: Environment): string {
  return join(dataHome(env), 'orch');
}

/** The same for `orch worker`: one folder for each worker of a machine. */
export function defaultWorkerDataDirectory(env: Environment, workerName: string): string {
  return join(defaultWorkersDirectory(env), workerName);
}

/** In which those lie. */
export function defaultWorkersDirectory(env: Environment): string {
  return join(dataHome(env), 'orch-worker');
}

/** Where a manager with the default data folder leaves its kubeconfig. */
export function defaultConfigPath(env: Environment): string {
  return join(defaultDataDirectory(env), 'kubeconfig');
}

function dataHome(env: Environment): string {
  const { XDG_DATA_HOME: base, HOME: home } = env;
  return base ? base : join(home ? home : homedir(), '.local/share');
}
