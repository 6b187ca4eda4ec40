/**
 * A kubeconfig for kubectl, client-node and orch itself: one cluster, one user, one context, all called orch. It is JSON,
 * and so YAML as well: orch reads it without loading a YAML parser, which would cost every command 20 ms.
 */
export function formatKubeconfig(options: { server: string; caPem: string; token: string }): string {
  const { server, caPem, token } = options;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'orch',
        cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') },
      },
    ],
    users: [{ name: 'orch', user: { token } }],
    contexts: [{ name: 'orch', context: { cluster: 'orch', user: 'orch', namespace: 'default' } }],
    'current-context': 'orch',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** The bearer token in a kubeconfig that formatKubeconfig made, also after kubectl has rewritten it as YAML; else undefined. */
export function tokenOfKubeconfig(text: string): string | undefined {
  return /^\s*"?token"?:\s*"?([A-Za-z0-9._-]+)"?\s*$/m.exec(text)?.[1];
}
