import { own } from '../support/own.js';

/** A way into a tree: member names and list indexes. */
export type PathSegments = readonly (string | number)[];

/** As people and Kubernetes write it: spec.ports[0].hostPort, metadata.labels[a.b/c]. '' is the whole. */
export function formatFieldPath(segments: PathSegments): string {
  let text = '';
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${shorten(segment)}]`;
  }
  return text;
}

/** RFC 6901. Which numbers are indexes is only known beside the data, so they come back as text. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function formatPointer(segments: PathSegments): string {
  return segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The segments of a pointer, with numbers where `root` has a list. */
export function resolvePointer(root: unknown, pointer: string): (string | number)[] {
  let current = root;
  return parsePointer(pointer).map((part) => {
    const segment = Array.isArray(current) && /^\d+$/.test(part) ? Number(part) : part;
    current =
      typeof current === 'object' && current !== null ? own(current as Record<string, unknown>, part) : undefined;
    return segment;
  });
}

/** The segments of a field path such as spec.ports[0].hostPort. */
export function parseFieldPath(field: string): (string | number)[] {
  const segments: (string | number)[] = [];
  for (const match of field.matchAll(/\[(\d+)\]|\[([^\]]*)\]|([^.[\]]+)/g)) {
    segments.push(match[1] !== undefined ? Number(match[1]) : (match[2] ?? match[3] ?? ''));
  }
  return segments;
}

/** Texts from an input are quoted in messages, but never at length. */
export function shorten(text: string, limit = 64): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}...`;
}
