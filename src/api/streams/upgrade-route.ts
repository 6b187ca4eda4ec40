import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { OrchError } from '../../support/errors.js';
import type { ApiContext } from '../api-context.js';
import type { RouteAccess } from '../authorization.js';
import type { Identity } from '../identity.js';

/** A client after its upgrade; `protocol` is '' where none was agreed on. */
export type UpgradedClient =
  { type: 'webSocket'; protocol: string; socket: WebSocket } | { type: 'spdy'; protocol: string; transport: Duplex };

type Start = (client: UpgradedClient) => void;

export interface UpgradeRoute {
  access: RouteAccess;
  /** Of the object that it is about, if it is about one. */
  name: string | undefined;
  /** Best first. */
  webSocketProtocols: readonly string[];
  spdyProtocols: readonly string[];
  /** False where a WebSocket without a subprotocol is understood too. */
  needsProtocol?: false;
  /** Last checks; resolves to what happens with the upgraded client. `accept`: its Accept header. */
  prepare(context: ApiContext, identity: Identity, accept: string | undefined): Promise<Start>;
}

/** A part of a path as it is meant. Throws BadRequest. */
export function decodePart(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch {
    throw new OrchError('BadRequest', 'the path has a bad escape');
  }
}
