/** A line of the table: texts, ready to print. */
export interface Row {
  what: string;
  orch: string;
  peer: string;
  ratio: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export function ratioRow(
  what: string,
  unit: string,
  orch: readonly number[],
  peer: readonly number[],
  peerName: string,
): Row {
  const [ours, theirs] = [median(orch), median(peer)];
  return {
    what,
    orch: `${format(ours)} ${unit}`,
    peer: `${peerName}: ${format(theirs)} ${unit}`,
    ratio: `${(ours / theirs).toFixed(2)}x`,
  };
}

export function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
