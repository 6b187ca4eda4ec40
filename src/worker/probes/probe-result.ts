/** What one try of a probe says. `unknown`: nothing was learnt (the engine did not answer); it counts neither way. */
export type ProbeResult = { outcome: 'success' } | { outcome: 'failure'; message: string } | { outcome: 'unknown' };

export const success: ProbeResult = { outcome: 'success' };

export function failure(message: string): ProbeResult {
  return { outcome: 'failure', message: message.slice(0, 512) };
}
