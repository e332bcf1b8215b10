/** Parses JSON of others. Text with many levels or values costs far more time to parse than to look through. */
import { AppError, messageOf } from './errors/app-error.js';

/** Deepest nesting of objects and arrays. JSON tools that handle a message later fail on thousands of levels. */
export const MAX_NESTING = 100;
/** All objects and arrays of a body. The largest honest ones are configurations of ten thousand hosts. */
export const MAX_CONTAINERS = 50_000;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Throws `NOT_UTF8`. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new AppError('NOT_UTF8', 'the body is not valid UTF-8', { cause });
  }
}

/** Throws `TOO_DEEP`, before anything is parsed, and `NOT_JSON`. */
export function parseJson(text: string, { problem }: { problem?: string } = scanJson(text)): unknown {
  if (problem) throw new AppError('TOO_DEEP', `the body ${problem}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('NOT_JSON', `the body is not JSON: ${messageOf(cause)}`, { cause });
  }
}

/** The value of a JSON text; undefined: it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];

/** Whether a short text, such as a reading, has so few braces and brackets that there is nothing to scan for. */
export function isFlat(text: string): boolean {
  let left = MAX_NESTING;
  for (const open of ['{', '['])
    for (let i = text.indexOf(open); i >= 0 && left >= 0; i = text.indexOf(open, i + 1)) left--;
  return left >= 0;
}

/**
 * What is too much in a JSON text, if anything, and how many objects and arrays it has. Takes about a millisecond for each
 * megabyte. `maxValues`: of all objects and arrays together; without them a text may hold as many as there is room for.
 */
export function scanJson(text: string, maxValues = Number.POSITIVE_INFINITY): { problem?: string; containers: number } {
  let levels = 0;
  let containers = 0;
  let commas = 0;
  let isText = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === QUOTE) isText = !isText;
    else if (isText) {
      if (character === BACKSLASH) i++;
      // The bracket and the brace of a kind differ in one bit.
    } else if ((character | 0x20) === 0x7b) {
      if (++levels > MAX_NESTING) return { problem: `is nested more than ${MAX_NESTING} levels deep`, containers };
      if (++containers > MAX_CONTAINERS)
        return { problem: `has more than ${MAX_CONTAINERS} objects and arrays`, containers };
    } else if ((character | 0x20) === 0x7d) levels--;
    else if (character === COMMA && ++commas >= maxValues)
      return { problem: `has more than ${maxValues} values`, containers };
  }
  return { containers };
}
