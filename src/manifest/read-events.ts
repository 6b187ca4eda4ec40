import { parseEvents, YAMLException, type Event } from 'js-yaml';
import { asItStands, indentFlowLines, type IndentedText } from './indent-flow-lines.js';
import { explainYamlException } from './yaml-messages.js';

interface ReadEvents {
  events: Event[];
  /** What the offsets of the events, and not that of the error, are in. */
  source: IndentedText;
  syntaxError?: { message: string; offset: number };
}

/**
 * The events of a text that js-yaml reads, or that it reads once lines within brackets and quotes are indented as it wants them.
 * Otherwise the first error, in words. Pure.
 */
export function readEvents(text: string, maxDepth: number): ReadEvents {
  const first = tryToRead(text, maxDepth);
  if (!(first instanceof YAMLException)) return { events: first, source: asItStands(text) };
  const asError = (error: YAMLException, source: IndentedText): ReadEvents => {
    const { message, offset } = explainYamlException(error, source.text, maxDepth);
    return { events: [], source, syntaxError: { message, offset: source.originalOffset(offset) } };
  };
  if (!isTooFarLeft(first)) return asError(first, asItStands(text));
  let last: Event[] | YAMLException = first;
  const { indented, lines } = indentFlowLines(text, (changed) => {
    if (changed !== text) last = tryToRead(changed, maxDepth);
    return last instanceof YAMLException && isTooFarLeft(last) ? last.mark?.position : undefined;
  });
  const result = last as Event[] | YAMLException;
  if (!(result instanceof YAMLException)) return { events: result, source: indented };
  // Where a bracket or quote is not closed, the line that was moved is the first to show it.
  const told = asError(result, indented);
  const lineOf = (offset: number): number => text.lastIndexOf('\n', offset - 1);
  const at = told.syntaxError?.offset ?? 0;
  const moved = lines.some((offset) => lineOf(offset) === lineOf(at));
  return moved || /^the text ends inside/.test(told.syntaxError?.message ?? '')
    ? asError(first, asItStands(text))
    : told;
}

function tryToRead(text: string, maxDepth: number): Event[] | YAMLException {
  try {
    return parseEvents(text, { maxDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return error;
  }
}

function isTooFarLeft({ reason }: YAMLException): boolean {
  return reason === 'deficient indentation';
}
