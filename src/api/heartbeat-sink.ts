/** Whoever keeps track of which workers are alive (the manager's controllers). */
export interface HeartbeatSink {
  /** `conflict`: another live session has this name, so this worker must not run. */
  beat(nodeName: string, sessionId: string): 'ok' | 'conflict';
  /** How often a worker must beat so as not to look lost: told to it with every answer. */
  readonly heartbeatPeriodSeconds: number;
}
