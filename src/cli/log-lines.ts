/**
 * The lines of a followed log that have not been shown yet. A stream that was cut is asked for again from the time of the
 * last line, and comes with lines that were seen: those are recognised by time and text. Pure state, bounded.
 */
export class LogPosition {
  private recent: string[] = [];
  private known = new Set<string>();
  private oldest = '';
  private latest = '';
  private overlapping = false;

  constructor(private readonly remembered = 1000) {}

  /** The time of the newest line, to go on from; undefined before the first. */
  get since(): string | undefined {
    return this.latest === '' ? undefined : this.latest;
  }

  /** The stream begins anew. */
  restart(): void {
    this.overlapping = this.latest !== '';
  }

  /** Whether a line (`TIMESTAMP TEXT`, as the manager sends it) is new. */
  accept(line: string): boolean {
    const time = timeOfLine(line);
    if (this.overlapping) {
      if (this.known.has(line) || (time < this.oldest && time !== '')) return false;
      if (time > this.latest) this.overlapping = false;
    }
    this.recent.push(line);
    this.known.add(line);
    if (this.recent.length > this.remembered) {
      const dropped = this.recent.shift() ?? '';
      this.known.delete(dropped);
    }
    this.oldest = timeOfLine(this.recent[0] ?? '');
    if (time > this.latest) this.latest = time;
    return true;
  }
}

function timeOfLine(line: string): string {
  const space = line.indexOf(' ');
  const word = space < 0 ? line : line.slice(0, space);
  return /^\d{4}-\d\d-\d\dT/.test(word) ? word : '';
}

/** A line without its timestamp. */
export function textOfLine(line: string): string {
  return timeOfLine(line) === '' ? line : line.slice(line.indexOf(' ') < 0 ? line.length : line.indexOf(' ') + 1);
}
