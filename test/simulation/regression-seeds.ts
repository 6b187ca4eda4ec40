/**
 * Seeds that once broke a rule, and what was wrong. A change of makeScenario, or of the order in which a worker asks its engine,
 * makes other runs of them: then look again, with the defect put back, which seeds find it. 177 may meet its defect no more since it
 * has Deployments, and 8106 does not since first statistics are read together (788 does); those that mutations.ts names were looked at
 * since then, the others were not.
 */
export const regressionSeeds: readonly { seed: number; found: string }[] = [
  { seed: 239, found: 'a task that came back to a worker while its container there still stopped was forgotten' },
  { seed: 884, found: 'a task that came back to a worker while its container there still stopped was forgotten' },
  { seed: 452, found: 'tasks that were started again at once got more of a node than it has' },
  { seed: 294, found: 'a task that failed for good took its share of the node again while it was deleted' },
  { seed: 1195, found: 'an attempt was given twice after a crash between create and checkpoint' },
  { seed: 99, found: 'a list told of a new spec, and the start of the old one went on' },
  { seed: 177, found: 'a list told of a new spec, and the start of the old one went on' },
  { seed: 238, found: 'a list told of a deletion, and the create for the deleted task went on' },
  { seed: 267, found: 'a list told of a deletion, and the start for the deleted task went on' },
  { seed: 467, found: 'an older checkpoint stopped a container that was newer than it' },
  { seed: 545, found: 'an older checkpoint stopped a container that was newer than it' },
  {
    seed: 788,
    found: 'a list that was on its way while a write told of a newer revision was taken for an older store',
  },
  {
    seed: 8106,
    found: 'a list that was on its way while a write told of a newer revision was taken for an older store',
  },
  { seed: 1496, found: 'a task that a wrong list hid while nothing of it ran was forgotten with its attempts' },
  { seed: 5202, found: 'a task that a wrong list hid left, and the worker did not hear of it' },
  { seed: 2, found: 'an attempt was given twice after a crash between removal and checkpoint' },
  { seed: 594, found: 'after a restart of the manager an available task was taken away, as if it were not available' },
  { seed: 5322, found: 'a rollout that was paused half-way gave its surge up, and with it an available task' },
  { seed: 8497, found: 'a Deployment that was paused after a restart of the manager lost a task that was available' },
  { seed: 29, found: 'minReadySeconds was counted by the wall clock: a rollout did not end' },
];
