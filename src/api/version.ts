import { kubernetesMinor, kubernetesVersion } from '../model/kubernetes-version.js';

/** What GET /version says. kubectl 1.32's dispatcher runs another kubectl when the minor differs. */
export function versionInfo(version: string): Record<string, string> {
  return {
    major: '1',
    minor: kubernetesMinor,
    gitVersion: kubernetesVersion(version),
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node-${process.versions.node}`,
    compiler: 'tsc',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
