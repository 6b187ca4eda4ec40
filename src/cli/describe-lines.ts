import type { JsonValue } from '../model/json.js';
import { isJsonObject } from '../model/json.js';
import { visibleLine } from './visible.js';

/** A line of a description: a label with a value, or a label with lines of its own. */
export type DescribedField = [label: string, value: string | number | undefined | DescribedField[] | string[]];

/** Fields whose members have names that somebody chose: they are shown as they are, for case counts. */
const mapNames: ReadonlySet<string> = new Set([
  ...['data', 'stringData', 'binaryData', 'labels', 'annotations', 'matchLabels', 'nodeSelector'],
  ...['selector', 'requests', 'limits'],
]);

/** Labels and values in two columns; what is nested is indented; what is undefined is left out. Pure. */
export function describeLines(fields: readonly DescribedField[], indent = 0): string[] {
  const present = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...present.map(([label, value]) => (isScalar(value) ? label.length + 1 : 0)));
  const margin = ' '.repeat(indent);
  return present.flatMap(([label, value]) => {
    if (isScalar(value))
      return [`${margin}${`${visibleLine(label)}:`.padEnd(width)}  ${visibleLine(String(value))}`.trimEnd()];
    const list = value ?? [];
    if (list.length === 0) return [`${margin}${visibleLine(label)}:  <none>`];
    const nested = isTextList(list)
      ? list.map((line) => `${margin}  ${visibleLine(line)}`)
      : describeLines(list, indent + 2);
    return [`${margin}${visibleLine(label)}:`, ...nested];
  });
}

/** Any JSON value as a described field: names in words, short lists on one line, nothing left out. */
export function describeValue(name: string, value: JsonValue | undefined): DescribedField {
  return [toWords(name), describeContent(value, isMap(name, value))];
}

/** The members of an object as fields. */
export function describeMembers(object: object): DescribedField[] {
  return Object.entries(object as Record<string, JsonValue>).map(([name, value]) => describeValue(name, value));
}

function describeContent(value: JsonValue | undefined, keepsNames = false): DescribedField[1] {
  if (value === undefined || value === null) return '<none>';
  if (Array.isArray(value)) {
    if (value.every((item) => !isJsonObject(item) && !Array.isArray(item))) {
      return value.length === 0
        ? '<none>'
        : value.map((item) => quoteIfNeeded(typeof item === 'string' ? item : JSON.stringify(item))).join(' ');
    }
    return value.map((item, index): DescribedField => [entryName(item, index), describeContent(item)]);
  }
  if (isJsonObject(value)) {
    const entries = Object.entries(value);
    return entries.length === 0
      ? '<none>'
      : entries.map(([name, member]): DescribedField => [
          keepsNames || !/^[a-z][A-Za-z]*$/.test(name) ? name : toWords(name),
          describeContent(member, isMap(name, member)),
        ]);
  }
  const text = String(value);
  // A file, as in a ConfigMap, is read line by line.
  return text.includes('\n') ? text.replace(/\r?\n$/, '').split(/\r?\n/) : text;
}

function isMap(name: string, value: JsonValue | undefined): boolean {
  return (
    mapNames.has(name) && isJsonObject(value) && Object.values(value).every((member) => typeof member !== 'object')
  );
}

function entryName(item: JsonValue, index: number): string {
  const name = isJsonObject(item) ? (item['name'] ?? item['type'] ?? item['key']) : undefined;
  return typeof name === 'string' ? name : `[${index}]`;
}

function quoteIfNeeded(text: string): string {
  return text === '' || /\s/.test(text) ? JSON.stringify(text) : text;
}

/** restartPolicy -> Restart Policy, containerID -> Container ID */
function toWords(name: string): string {
  const spaced = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function isScalar(value: DescribedField[1]): value is string | number | undefined {
  return !Array.isArray(value);
}

function isTextList(list: readonly (DescribedField | string)[]): list is string[] {
  return list.every((item) => typeof item === 'string');
}
