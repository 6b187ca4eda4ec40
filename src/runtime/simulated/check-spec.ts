import { constants } from 'node:os';
import type { ContainerSpec } from '../container-runtime.js';
import { RuntimeError } from '../container-runtime.js';

const leastMemoryBytes = 6 * 2 ** 20;

/** Refuses what a Docker Engine would refuse, for good: throws InvalidSpec, or InvalidImageName. */
export function checkSpec({ name, image, env, limits, workingDir, stopSignal }: ContainerSpec): void {
  const wrong: [boolean, string][] = [
    [!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name), `"${name}" is not a container name`],
    [env.some((variable) => variable.name === ''), 'a variable of the environment has no name'],
    [limits.memoryBytes > 0 && limits.memoryBytes < leastMemoryBytes, 'less than 6 MiB of memory'],
    [workingDir !== undefined && !workingDir.startsWith('/'), `the working folder "${workingDir}" is not absolute`],
    [stopSignal !== undefined && !Object.hasOwn(constants.signals, stopSignal), `"${stopSignal}" is no signal`],
  ];
  const [problem] = wrong.filter(([isWrong]) => isWrong);
  if (problem) throw new RuntimeError('InvalidSpec', problem[1]);
  if (!/^[a-z0-9][a-z0-9._/:@-]*(:[\w.-]+)?$/.test(image)) {
    throw new RuntimeError('InvalidImageName', `"${image}" is not an image reference`);
  }
}
