/** Why a text cannot be read, at an offset of it. Internal to this room: callers get ManifestErrors or OrchErrors. */
export class TextProblem extends Error {
  override readonly name = 'TextProblem';
  constructor(
    message: string,
    readonly offset: number,
    readonly field?: string,
    /** It may be well formed; it is only more than is read. */
    readonly isTooMuch = false,
  ) {
    super(message);
  }
}
