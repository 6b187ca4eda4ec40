/**
 * Knows which creations are on their way in each namespace, so that a namespace is not removed between the moment when a
 * creation found it and the moment when its object is stored.
 */
export class CreationGate {
  private readonly underWay = new Map<string, Set<Promise<void>>>();

  /** Call the returned function when the creation is over, whatever came of it. */
  enter(namespace: string): () => void {
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const creations = this.underWay.get(namespace) ?? new Set();
    this.underWay.set(namespace, creations.add(done));
    return () => {
      finish();
      creations.delete(done);
      if (creations.size === 0 && this.underWay.get(namespace) === creations) this.underWay.delete(namespace);
    };
  }

  /** Resolves when every creation that is on its way now is over. */
  async drained(namespace: string): Promise<void> {
    await Promise.all([...(this.underWay.get(namespace) ?? [])]);
  }
}
