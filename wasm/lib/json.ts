// As much JSON as the proxy's answers need: the flat object behind `"config":`, which is the last member of an answer.
// An answer may be truncated anywhere; an incomplete configuration counts as absent.
import { endOf, is, Slice, slice, startOf, startsWith } from './slice';
import { fieldNamed, parseField, parseWhole } from './values';

/** Called for each configuration field of the object. */
type FieldSink = (field: i32, value: i32) => void;
/** Called for each other member: its name, and its value without quotes. */
type MemberSink = (name: Slice, value: Slice) => void;

function skipBlank(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) <= 0x20) at++;
  return at;
}

/** Position after the string that starts at `at`, or 0 when it is truncated. */
function skipString(at: usize, end: usize): usize {
  while (++at < end) {
    const c = load<u8>(at);
    if (c === 0x5c) at++;
    else if (c === 0x22) return at + 1;
  }
  return 0;
}

/** Where the object behind `"config"` starts; 0 when there is none. */
function findConfig(s: Slice): usize {
  const end = endOf(s);
  for (let at = startOf(s); at < end; at++) {
    if (load<u8>(at) !== 0x22) continue;
    const after = skipString(at, end);
    if (!after) return 0;
    if (startsWith(at, end, '"config"')) {
      const colon = skipBlank(after, end);
      if (colon < end && load<u8>(colon) === 0x3a) return skipBlank(colon + 1, end);
    }
    at = after - 1;
  }
  return 0;
}

/**
 * Reads the configuration in an answer: each field goes to `sink` (`BAD` for an invalid value), all else to `others`.
 * Returns its version; -1 when there is no complete configuration.
 */
export function readConfig(answer: Slice, sink: FieldSink, others: MemberSink): i64 {
  const end = endOf(answer);
  let at = findConfig(answer);
  if (!at || at >= end || load<u8>(at) !== 0x7b) return -1;
  let version: i64 = -1;
  at = skipBlank(at + 1, end);
  while (at < end && load<u8>(at) !== 0x7d) {
    const nameEnd = load<u8>(at) === 0x22 ? skipString(at, end) : 0;
    if (!nameEnd) return -1;
    const name = slice(at + 1, nameEnd - at - 2);
    at = skipBlank(nameEnd, end);
    if (at >= end || load<u8>(at) !== 0x3a) return -1;
    at = skipBlank(at + 1, end);
    let value: Slice;
    if (at < end && load<u8>(at) === 0x22) {
      const valueEnd = skipString(at, end);
      if (!valueEnd) return -1;
      value = slice(at + 1, valueEnd - at - 2);
      at = valueEnd;
    } else {
      const start = at;
      // The protocol has no objects or lists in here.
      if (at < end && (load<u8>(at) | 0x20) === 0x7b) return -1;
      while (at < end && load<u8>(at) > 0x20 && load<u8>(at) !== 0x2c && load<u8>(at) !== 0x7d) at++;
      value = slice(start, at - start);
    }
    if (is(name, 'version')) version = parseWhole(value);
    else if (fieldNamed(name) >= 0) sink(fieldNamed(name), parseField(fieldNamed(name), value));
    else others(name, value);
    at = skipBlank(at, end);
    if (at < end && load<u8>(at) === 0x2c) at = skipBlank(at + 1, end);
    else if (at >= end || load<u8>(at) !== 0x7d) return -1;
  }
  return at < end ? version : -1;
}
