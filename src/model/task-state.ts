/**
 * The life of a task (design: Pending -> Scheduled -> Running -> Completed | Failed) as one table. The registry refuses
 * every move that is not in it, and writes a TaskEvent with every move that is.
 */
export const taskStates = ['Pending', 'Scheduled', 'Running', 'Completed', 'Failed'] as const;

export type State = (typeof taskStates)[number];

const allowedMoves: Readonly<Record<State, readonly State[]>> = {
  // Completed: stopped by the user before it ever ran.
  Pending: ['Scheduled', 'Failed', 'Completed'],
  // Pending: the worker was lost before the start. Completed: it ran and ended between two reports, or was stopped.
  Scheduled: ['Running', 'Pending', 'Failed', 'Completed'],
  // Scheduled: restart in place or a changed spec. Pending: the node was lost.
  Running: ['Completed', 'Failed', 'Scheduled', 'Pending'],
  // Scheduled: restart in place. Pending: moved to another worker. Completed: the user stops a task that kept failing.
  Failed: ['Scheduled', 'Pending', 'Completed'],
  // Terminal unless the user starts it again or gives it a new spec.
  Completed: ['Pending', 'Scheduled'],
};

/** Whether a task may go from one state to another. Staying where it is always is. `undefined`: the task is new. */
export function canMove(from: State | undefined, to: State): boolean {
  if (from === undefined) return to === 'Pending' || to === 'Scheduled';
  return from === to || allowedMoves[from].includes(to);
}

/** The states that a task may go to. */
export function movesFrom(from: State): readonly State[] {
  return allowedMoves[from];
}

/** Whether a task in this state holds its share of a node's resources. */
export function holdsResources(state: State | undefined): boolean {
  return state === 'Scheduled' || state === 'Running' || state === 'Failed';
}
