/** Durations and times as operators type them: `30s`, `6h`, `2026-01-31T12:00:00Z`. */

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
/** Other forms, such as a lone number, mean something else to each reader. */
const TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?$/;

/** Milliseconds of a duration such as `90s` or `1.5h`; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return unit === undefined ? undefined : Number(count) * UNITS[unit as keyof typeof UNITS];
}

/**
 * Unix milliseconds of a duration before `now`, `now` itself, or an ISO 8601 time; without a zone it is local. Undefined
 * when it is none of them.
 */
export function parseTime(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  const ago = parseDuration(text);
  if (ago !== undefined) return Math.floor(now - ago);
  if (!TIME.test(text)) return undefined;
  // JavaScript takes a date alone for UTC, and a date with a time for local.
  const time = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
  return Number.isNaN(time) ? undefined : time;
}

/** The shortest text that {@link parseDuration} reads: `90s`, `5m`, `2h`. */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, one]) => ms >= one && ms % one === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
