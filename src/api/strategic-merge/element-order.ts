import type { JsonValue } from '../../model/json.js';

/**
 * Merged items in their order: those that `order` names in its order, and between them those that only the server has, each
 * before the first one that it stood before in `live`. Pure.
 */
export function orderElements(
  merged: readonly JsonValue[],
  order: readonly JsonValue[],
  live: readonly JsonValue[],
  keyOf: (item: JsonValue) => JsonValue | undefined,
): JsonValue[] {
  const [ranks, places] = [firstPlaces(order, keyOf), firstPlaces(live, keyOf)];
  const rankOf = (item: JsonValue): number | undefined => ranks.get(keyOf(item));
  const placeOf = (item: JsonValue): number | undefined => places.get(keyOf(item));
  const named = merged.filter((item) => rankOf(item) !== undefined);
  named.sort((a, b) => (rankOf(a) ?? 0) - (rankOf(b) ?? 0));
  const others = merged.filter((item) => rankOf(item) === undefined);
  others.sort((a, b) => (placeOf(a) ?? live.length) - (placeOf(b) ?? live.length));
  const result: JsonValue[] = [];
  let next = 0;
  for (const item of named) {
    const place = placeOf(item);
    while (place !== undefined && next < others.length && (placeOf(others[next] ?? null) ?? live.length) < place) {
      result.push(others[next] ?? null);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function firstPlaces(
  items: readonly JsonValue[],
  keyOf: (item: JsonValue) => JsonValue | undefined,
): Map<JsonValue | undefined, number> {
  const places = new Map<JsonValue | undefined, number>();
  for (const [place, item] of items.entries()) {
    const key = keyOf(item);
    if (!places.has(key)) places.set(key, place);
  }
  return places;
}
