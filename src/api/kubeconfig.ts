/** A kubeconfig for kubectl, client-node and orch itself: one cluster, one user, one context, all called orch. */
export function formatKubeconfig(options: { server: string; caPem: string; token: string }): string {
  const { server, caPem, token } = options;
  // JSON strings are YAML strings: nothing in them can break out of its place.
  return `apiVersion: v1
kind: Config
clusters:
  - name: orch
    cluster:
      server: ${JSON.stringify(server)}
      certificate-authority-data: ${Buffer.from(caPem).toString('base64')}
users:
  - name: orch
    user:
      token: ${JSON.stringify(token)}
contexts:
  - name: orch
    context:
      cluster: orch
      user: orch
      namespace: default
current-context: orch
`;
}

/** The bearer token in a kubeconfig that formatKubeconfig made; undefined in one that has no such line. */
export function tokenOfKubeconfig(text: string): string | undefined {
  return /^\s*token:\s*"?([A-Za-z0-9._-]+)"?\s*$/m.exec(text)?.[1];
}
