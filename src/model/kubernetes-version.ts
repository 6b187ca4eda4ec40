/** The API that is spoken is that of Kubernetes 1.32: this is its minor version. */
export const kubernetesMinor = '32';

/**
 * What `GET /version` and a node's kubeletVersion say. Clients read a Kubernetes version out of both, so the one whose API we
 * speak comes first and orch's own follows as build metadata. Pure.
 */
export function kubernetesVersion(orchVersion: string): string {
  return `v1.${kubernetesMinor}.4+orch.${orchVersion.replace(/[^0-9A-Za-z.-]/g, '-')}`;
}
