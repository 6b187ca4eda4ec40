/** Whoever keeps track of which workers are alive (the manager's controllers). */
export interface HeartbeatSink {
  /** `conflict`: another live session has this name, so this worker must not run. */
  beat(nodeName: string, sessionId: string): 'ok' | 'conflict';
}
