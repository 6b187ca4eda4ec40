/**
 * What GET /version says. kubectl 1.32's dispatcher runs another kubectl when the minor differs, so the Kubernetes
 * version whose API we speak comes first and ours follows as build metadata.
 */
export function versionInfo(version: string): Record<string, string> {
  return {
    major: '1',
    minor: '32',
    gitVersion: `v1.32.4+orch.${version.replace(/[^0-9A-Za-z.-]/g, '-')}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node-${process.versions.node}`,
    compiler: 'tsc',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
