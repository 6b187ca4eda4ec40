import { request as requestHttp, type IncomingMessage } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';
import { loadKubeconfig } from '../../src/client/kubeconfig.js';
import type { TestCluster } from '../support/orch-process.js';

/** Requests without a client's own work on what comes back, to a manager or to bare express. */
export interface RawServer {
  send(method: string, path: string, body?: { type: string; text: string }): Promise<IncomingMessage>;
  close(): void;
}

export async function rawManager(cluster: TestCluster): Promise<RawServer> {
  const { server, caPem, token } = await loadKubeconfig(cluster.kubeconfig);
  const agent = new Agent({ keepAlive: true, ca: caPem });
  return {
    send: (method, path, body) =>
      send(requestHttps, server, method, path, { agent, headers: { authorization: `Bearer ${token}` } }, body),
    close: () => agent.destroy(),
  };
}

export function rawExpress(url: string): RawServer {
  return { send: (method, path, body) => send(requestHttp, url, method, path, {}, body), close: () => undefined };
}

/** Reads the answer to its end and gives its length in bytes. Rejects when it is no success. */
export async function drain(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
  if ((response.statusCode ?? 500) >= 300) throw new Error(`the server answered ${response.statusCode}`);
  return bytes;
}

function send(
  request: typeof requestHttp | typeof requestHttps,
  server: string,
  method: string,
  path: string,
  options: { agent?: Agent; headers?: Record<string, string> },
  body: { type: string; text: string } | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const type = body ? { 'content-type': body.type, 'content-length': String(Buffer.byteLength(body.text)) } : {};
    const settings = { ...options, method, headers: { ...options.headers, ...type } };
    const sent = request(`${server}${path}`, settings, resolve);
    sent.on('error', reject);
    sent.end(body?.text);
  });
}
