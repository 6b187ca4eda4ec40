/**
 * How long the engine may take for each kind of call, in milliseconds. Nothing waits for an engine for ever: a frozen
 * one accepts connections and never answers.
 */
export const deadlines = {
  ping: 10_000,
  info: 30_000,
  list: 30_000,
  inspect: 10_000,
  create: 60_000,
  /** To write files into a container. */
  archive: 60_000,
  start: 60_000,
  /** A few renames in a volume. */
  tool: 30_000,
  remove: 60_000,
  /** On top of the grace period. */
  stopBeyondGrace: 30_000,
  stats: 10_000,
  /** To a port inside a container. */
  connectPort: 10_000,
  /** A pull may take long, but not stand still. */
  pullWithoutProgress: 60_000,
};
