/** Why a task's container cannot be made from what the task names: a sentence for its user, without any value. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem';
}
