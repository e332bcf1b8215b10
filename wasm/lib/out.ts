// Text is written into a buffer, never joined from strings: no allocation per reading, so memory stays flat.
import { charAt, endOf, lengthOf, Slice, slice, startOf } from './slice';

let origin: usize = 0;
let cursor: usize = 0;
let limit: usize = 0;

/** Starts writing to a buffer; what does not fit is left out. */
export function begin(buffer: usize, capacity: usize): void {
  origin = buffer;
  cursor = buffer;
  limit = buffer + capacity;
}

/** What was written since `begin`. */
export function written(): Slice {
  return slice(origin, cursor - origin);
}

/** Bytes that still fit. */
export function room(): usize {
  return limit - cursor;
}

export function byte(c: u32): void {
  if (cursor < limit) store<u8>(cursor++, c);
}

export function text(literal: string): void {
  const length = literal.length;
  for (let i = 0; i < length; i++) byte(charAt(literal, i));
}

export function bytes(s: Slice): void {
  const length = min(lengthOf(s), limit - cursor);
  memory.copy(cursor, startOf(s), length);
  cursor += length;
}

export function number(value: u64): void {
  if (value >= 10) number(value / 10);
  byte(0x30 + <u32>(value % 10));
}

/** `digits` decimal digits with leading zeros. */
export function padded(value: u32, digits: i32): void {
  if (digits > 1) padded(value / 10, digits - 1);
  byte(0x30 + (value % 10));
}

function hexDigit(value: u32): void {
  byte(value < 10 ? 0x30 + value : 0x57 + value);
}

/** `#rrggbb`. */
export function color(rgb: u32): void {
  byte(0x23);
  for (let shift = 20; shift >= 0; shift -= 4) hexDigit((rgb >> shift) & 15);
}

/** The inside of a JSON string. */
export function json(s: Slice): void {
  const end = endOf(s);
  for (let at = startOf(s); at < end; at++) {
    const c: u32 = load<u8>(at);
    if (c < 0x20) {
      text('\\u00');
      hexDigit(c >> 4);
      hexDigit(c & 15);
    } else {
      if (c === 0x22 || c === 0x5c) byte(0x5c);
      byte(c);
    }
  }
}

/** A part of a URL's query, percent-encoded. */
export function query(s: Slice): void {
  const end = endOf(s);
  for (let at = startOf(s); at < end; at++) {
    const c: u32 = load<u8>(at);
    if ((c | 0x20) - 0x61 < 26 || c - 0x30 < 10 || c === 0x2d || c === 0x2e || c === 0x5f) {
      byte(c);
    } else {
      byte(0x25);
      hexDigit(c >> 4);
      hexDigit(c & 15);
    }
  }
}

/** A Unicode code point of the upper planes (an emoji) in UTF-8. */
export function emoji(point: u32): void {
  byte(0xf0 | (point >> 18));
  byte(0x80 | ((point >> 12) & 63));
  byte(0x80 | ((point >> 6) & 63));
  byte(0x80 | (point & 63));
}

/** Unix milliseconds as ISO 8601 in UTC. The calendar is counted from March, so that leap days come last. */
export function timestamp(milliseconds: i64): void {
  const days = <i32>(milliseconds / 86_400_000) + 719_468;
  const inDay = <u32>(milliseconds % 86_400_000);
  const era = days / 146_097;
  const dayOfEra = days % 146_097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const fromMarch = (5 * dayOfYear + 2) / 153;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  padded(yearOfEra + era * 400 + i32(month < 3), 4);
  byte(0x2d);
  padded(month, 2);
  byte(0x2d);
  padded(dayOfYear - (153 * fromMarch + 2) / 5 + 1, 2);
  byte(0x54);
  padded(inDay / 3_600_000, 2);
  byte(0x3a);
  padded((inDay / 60_000) % 60, 2);
  byte(0x3a);
  padded((inDay / 1000) % 60, 2);
  byte(0x2e);
  padded(inDay % 1000, 3);
  byte(0x5a);
}
