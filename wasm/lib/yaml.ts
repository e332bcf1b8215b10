// As much YAML as a sensor's file needs: one flat mapping of the five fields, comments, quotes, document markers.
// Anything else makes the whole file invalid, so that never half of it takes effect.
import { endOf, is, lengthOf, NOTHING, Slice, slice, startOf, startsWith } from './slice';
import { BAD, fieldHelp, fieldNamed, parseField } from './values';

/** Called for each field of the file. */
type FieldSink = (field: i32, value: i32) => void;

/** What is wrong with the line that `readYaml` returned. */
export let problem: string = '';

// The line's key and value, once `splitLine` has found them.
export let key: Slice = NOTHING;
export let value: Slice = NOTHING;
/** The value as written, quotes included. */
export let rawValue: Slice = NOTHING;

function isBlank(c: u32): bool {
  return c === 0x20 || c === 0x09 || c === 0x0d;
}

function skipBlank(at: usize, end: usize): usize {
  while (at < end && isBlank(load<u8>(at))) at++;
  return at;
}

/** Whether nothing but a comment follows. */
export function isOver(at: usize, end: usize): bool {
  at = skipBlank(at, end);
  return at === end || load<u8>(at) === 0x23;
}

/** Position of the quote that closes the one at `at`; 0 when there is none. */
function closingQuote(at: usize, end: usize): usize {
  const quote = load<u8>(at);
  while (++at < end) {
    if (load<u8>(at) === quote) return at;
  }
  return 0;
}

function isQuote(at: usize, end: usize): bool {
  return at < end && (load<u8>(at) === 0x22 || load<u8>(at) === 0x27);
}

/** Finds key and value in `key: value`; false when the line is something else. */
export function splitLine(at: usize, end: usize): bool {
  let keyEnd = at;
  if (isQuote(at, end)) {
    keyEnd = closingQuote(at, end);
    if (!keyEnd) return false;
    key = slice(at + 1, keyEnd - at - 1);
    keyEnd++;
  } else {
    while (keyEnd < end && load<u8>(keyEnd) !== 0x3a && !isBlank(load<u8>(keyEnd))) keyEnd++;
    key = slice(at, keyEnd - at);
  }
  at = skipBlank(keyEnd, end);
  if (at === end || load<u8>(at) !== 0x3a || (at + 1 < end && !isBlank(load<u8>(at + 1)))) return false;
  at = skipBlank(at + 1, end);
  if (isQuote(at, end)) {
    const close = closingQuote(at, end);
    value = slice(at + 1, close - at - 1);
    rawValue = slice(at, close - at + 1);
    return close !== 0 && isOver(close + 1, end);
  }
  let valueEnd = at;
  // A comment starts at a `#` after a blank; here also right at the start, where a colour's quotes are missing.
  while (valueEnd < end && !(load<u8>(valueEnd) === 0x23 && isBlank(load<u8>(valueEnd - 1)))) valueEnd++;
  while (valueEnd > at && isBlank(load<u8>(valueEnd - 1))) valueEnd--;
  value = rawValue = slice(at, valueEnd - at);
  return true;
}

function readLine(start: usize, end: usize, seen: i32, sink: FieldSink): i32 {
  if (!splitLine(start, end)) {
    problem = 'not `key: value`';
    return -1;
  }
  const field = fieldNamed(key);
  if (field < 0 || (seen >> field) & 1) {
    problem = field < 0 ? 'unknown key' : 'repeated key';
    return -1;
  }
  if (!lengthOf(value) || is(value, 'null') || is(value, '~')) {
    problem = 'no value; a colour needs quotes';
    return -1;
  }
  const parsed = parseField(field, value);
  if (parsed === BAD) {
    problem = fieldHelp(field);
    return -1;
  }
  sink(field, parsed);
  return seen | (1 << field);
}

/** The byte order mark that some editors write at the start. */
export function hasByteOrderMark(at: usize, end: usize): bool {
  return at + 3 <= end && load<u8>(at) === 0xef && load<u8>(at + 1) === 0xbb && load<u8>(at + 2) === 0xbf;
}

/** Whether the line is the end of the document: sensors ignore what follows. */
export function endsDocument(at: usize, lineEnd: usize): bool {
  return startsWith(at, lineEnd, '...');
}

/** Reads a file's text: each field goes to `sink`. Returns 0, or the number of the line with a `problem`. */
export function readYaml(document: Slice, sink: FieldSink): i32 {
  let at = startOf(document);
  const end = endOf(document);
  if (hasByteOrderMark(at, end)) at += 3;
  let seen = 0;
  for (let row = 1; at < end; row++) {
    let lineEnd = at;
    while (lineEnd < end && load<u8>(lineEnd) !== 0x0a) lineEnd++;
    if (endsDocument(at, lineEnd)) return 0;
    const marker = startsWith(at, lineEnd, '---') && isOver(at + 3, lineEnd) && !seen;
    if (!marker && !isOver(at, lineEnd)) {
      seen = readLine(at, lineEnd, seen, sink);
      if (seen < 0) return row;
    }
    at = lineEnd + 1;
  }
  return 0;
}
