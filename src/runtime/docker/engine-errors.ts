import { maskValues } from '../../model/mask-values.js';
import { errorMessage } from '../../support/errors.js';
import { RuntimeError } from '../container-runtime.js';
import type { ContainerSpec, RuntimeErrorCode } from '../container-runtime.js';

export type EngineCall =
  | 'archive'
  | 'attach'
  | 'create'
  | 'events'
  | 'exec'
  | 'image inspect'
  | 'info'
  | 'inspect'
  | 'list'
  | 'load'
  | 'logs'
  | 'ping'
  | 'pull'
  | 'remove'
  | 'start'
  | 'stats'
  | 'stop'
  | 'unpause'
  | 'update'
  | 'version'
  | 'volume'
  | 'volume list'
  | 'volume remove'
  | 'wait';

/** What the engine said no with. A status below 400 can be among them: dockerode rejects on 304. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  constructor(
    readonly status: number,
    /** The engine's own words. */
    readonly text: string,
  ) {
    super(`${status}: ${text}`);
  }
}

/** Separates answers of the engine from failures to reach it: an answer becomes an EngineRefusal, the rest stays. */
export function asRefusal(error: unknown): unknown {
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  if (typeof status !== 'number') return error;
  const text = errorMessage(error)
    .replace(/^\(HTTP code \d+\) (?:.*?) - /, '')
    // Where the engine keeps the container says nothing to anybody, and differs each time.
    .replaceAll(/\/[^\s"]*\/overlay2\/[0-9a-f]{64}\/merged(?=\/)/g, '');
  return new EngineRefusal(status, text.trim());
}

/** The table of what engines answer and what it means here (measured on 20.10, see the contract suite). */
const meanings: { calls?: EngineCall[]; status?: number; text?: RegExp; code: RuntimeErrorCode }[] = [
  { text: /no space left on device/i, code: 'DiskPressure' },
  { status: 404, text: /no such container/i, code: 'NotFound' },
  { status: 400, text: /invalid reference format/i, code: 'InvalidImageName' },
  { status: 404, text: /no such image/i, code: 'ImageNotFound' },
  { calls: ['create'], status: 409, text: /name .* is already in use/i, code: 'NameConflict' },
  { calls: ['create'], status: 400, text: /bind source path does not exist/i, code: 'MountFailed' },
  { calls: ['create'], status: 400, code: 'InvalidSpec' },
  // No folder at that place, a folder in the place of a file, or a volume that is for reading only.
  { calls: ['archive'], status: 400, code: 'StartError' },
  { calls: ['archive'], status: 403, code: 'StartError' },
  // The place is a link to nothing.
  { calls: ['archive'], status: 404, text: /could not find the file/i, code: 'StartError' },
  {
    calls: ['archive'],
    text: /cannot overwrite|not a directory|file exists|read-only file system/i,
    code: 'StartError',
  },
  { calls: ['start'], text: /port is already allocated|address already in use/i, code: 'PortConflict' },
  // What an engine leaves that is asked to start a container while it stops: seen on 20.10 on the network of the host.
  { calls: ['start'], text: /endpoint with name .* already exists/i, code: 'StaleContainer' },
  { calls: ['start'], text: /bind source path does not exist/i, code: 'MountFailed' },
  // A folder that was removed since it was judged: another may be there by the next try.
  { calls: ['start'], text: /error mounting "\/run\/orch\/.*no such file or directory/i, code: 'MountFailed' },
  { calls: ['start'], status: 409, text: /marked for removal/i, code: 'NotFound' },
  { calls: ['start'], status: 400, code: 'StartError' },
  { calls: ['start'], status: 404, code: 'StartError' },
  { calls: ['start'], status: 500, text: /oci runtime|runc|failed to create (shim|task)/i, code: 'StartError' },
  {
    calls: ['exec', 'attach'],
    status: 409,
    text: /is not running|is paused|is already paused|is restarting/i,
    code: 'NotRunning',
  },
  // Newer engines say it before the output begins; older ones in the output, with exit code 126.
  { calls: ['exec'], text: /oci runtime exec|executable file not found/i, code: 'StartError' },
  { calls: ['volume remove'], status: 409, text: /in use/i, code: 'StillRunning' },
  { calls: ['remove'], status: 409, text: /cannot remove|stop the container/i, code: 'StillRunning' },
];

/** What a failed call means. Whatever is not known to mean something means: nothing is known, try later. */
export function toRuntimeError(call: EngineCall, error: unknown, socketPath: string): RuntimeError {
  if (error instanceof RuntimeError) return error;
  if (error instanceof EngineRefusal) {
    const { status, text } = error;
    const meaning = meanings.find(
      (row) =>
        (row.calls?.includes(call) ?? true) &&
        (row.status === undefined || row.status === status) &&
        (row.text?.test(text) ?? true),
    );
    return new RuntimeError(meaning?.code ?? 'Unavailable', `${call}: the engine says: ${text}`, {}, { cause: error });
  }
  return new RuntimeError('Unavailable', unreachable(call, error, socketPath), {}, { cause: error });
}

function unreachable(call: EngineCall, error: unknown, socketPath: string): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'EACCES' || code === 'EPERM') {
    return `this user may not use the Docker Engine at ${socketPath}: add it to the group "docker", or run as root`;
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return `no Docker Engine answers at ${socketPath} (${code}): start it, for example with "systemctl start docker"`;
  }
  return `${call}: the connection to the Docker Engine at ${socketPath} failed: ${errorMessage(error)}`;
}

/** The engine was restarted with another version: what was negotiated no longer holds. */
export function isVersionRefusal(error: unknown): boolean {
  return error instanceof EngineRefusal && /client version .* is too (new|old)/i.test(error.text);
}

/** The engine quotes what it refuses; values of the environment must not travel on in messages. */
export function withoutSecrets(error: RuntimeError, spec: ContainerSpec): RuntimeError {
  const message = maskValues(
    error.message,
    spec.env.map(({ value }) => value),
    { isPiece: true },
  );
  return message === error.message ? error : new RuntimeError(error.code, message, error.details);
}
