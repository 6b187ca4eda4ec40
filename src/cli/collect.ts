/** For an option that may be repeated: gathers its values. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
