import { readFileSync, readdirSync } from 'node:fs';
import { waitFor } from './wait-for.js';

/**
 * Kills every process whose command line names the folder, with all its children, or that lies in the cgroup; and waits until they
 * are gone. What is killed is found by pid, never by name: other engines on the machine run the same programs.
 */
export async function killLeftBehind(directory: string, cgroup: string): Promise<void> {
  const processes = runningProcesses();
  const doomed = new Set(
    processes
      .filter(({ pid, commandLine, cgroups }) => {
        return pid !== process.pid && (commandLine.includes(`${directory}/`) || cgroups.includes(`/${cgroup}/`));
      })
      .map(({ pid }) => pid),
  );
  for (let before = -1; before !== doomed.size;) {
    before = doomed.size;
    for (const { pid, parent } of processes) if (doomed.has(parent)) doomed.add(pid);
  }
  for (const pid of doomed) kill(pid);
  await waitFor('what an engine left behind to end', () => ![...doomed].some(isRunning), 15);
}

interface RunningProcess {
  pid: number;
  parent: number;
  commandLine: string;
  cgroups: string;
}

function runningProcesses(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(statFields(name)[1] ?? 0),
      commandLine: read(`/proc/${name}/cmdline`).replaceAll('\0', ' '),
      cgroups: read(`/proc/${name}/cgroup`),
    }));
}

/** Whether the process runs: one that has ended but was not reaped yet does not. */
export function isRunning(pid: number): boolean {
  const [state] = statFields(String(pid));
  return state !== undefined && state !== 'Z';
}

/** What follows the name of the program in /proc/PID/stat: the state, the parent, ...; nothing when there is no such process. */
function statFields(pid: string): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
