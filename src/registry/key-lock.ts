/**
 * One writer at a time for each key, first come first served. Compare-and-set alone would be right too, but 64 writers of
 * one object would throw away 63 of 64 tries.
 */
export class KeyLock {
  private readonly tails = new Map<string, Promise<void>>();

  /** Runs `work` when everybody who came before for this key is done; their failures do not matter. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    let release = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.tails.set(key, mine);
    if (before) await before;
    try {
      return await work();
    } finally {
      release();
      if (this.tails.get(key) === mine) this.tails.delete(key);
    }
  }
}
