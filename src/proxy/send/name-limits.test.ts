import { beforeEach, expect, test } from 'vitest';
import { MAX_HOSTS, MAX_REGIONS, MAX_SENSORS, MAX_SENSORS_OF_HOST, NameLimits } from './name-limits.js';

const HOUR = 3_600_000;

let places: NameLimits;
beforeEach(() => {
  places = new NameLimits();
});

const codeOf = (message: object, now: number, vouched = true) => places.findProblem({ ...message }, now, vouched)?.code;

/** The n-th of many that differ in what is counted. */
const MANY: Record<string, (n: number) => object> = {
  TOO_MANY_REGIONS: (n) => ({ hostname: `h${n}`, region: `r${n}`, execution_id: `e${n}` }),
  TOO_MANY_HOSTS: (n) => ({ hostname: `h${n}`, region: 'us', execution_id: `e${n}` }),
  TOO_MANY_SENSORS: (n) => ({ region: 'us', execution_id: `e${n}` }),
};

test.each([
  ['TOO_MANY_REGIONS', MAX_REGIONS],
  ['TOO_MANY_HOSTS', MAX_HOSTS],
  ['TOO_MANY_SENSORS', MAX_SENSORS],
])(
  '%s: those up to the limit are taken, and known ones stay; others wait until one is silent for an hour',
  (code, max) => {
    const name = (n: number, now: number) => codeOf(MANY[code]!(n), now);
    for (let n = 0; n < max; n++) if (name(n, n) !== undefined) throw new Error(`${n} is refused`);
    expect(name(max, max)).toBe(code);
    // The first one is heard of again; then the second is silent for longest.
    expect(name(0, HOUR)).toBeUndefined();
    expect(name(max, HOUR)).toBe(code);
    expect(name(max, HOUR + 1)).toBeUndefined();
    expect(name(1, HOUR + 1)).toBe(code);
    expect(name(0, HOUR + 1)).toBeUndefined();
  },
);

test.each([
  ['TOO_MANY_REGIONS', MAX_REGIONS],
  ['TOO_MANY_HOSTS', MAX_HOSTS],
  ['TOO_MANY_SENSORS', MAX_SENSORS],
])('%s: senders without a token fill half, and leave the rest to those with one', (code, max) => {
  for (let n = 0; n < max / 2; n++)
    if (codeOf(MANY[code]!(n), 0, false) !== undefined) throw new Error(`${n} is refused`);
  expect(codeOf(MANY[code]!(max), 0, false)).toBe(code);
  expect(codeOf(MANY[code]!(max), 0, true)).toBeUndefined();
});

test('a host takes two regions, however many it makes up, and may move', () => {
  const at = (region: string, now: number) => codeOf({ hostname: 'h', execution_id: 'e', region }, now);
  expect([at('r0', 0), at('r1', 1)]).toEqual([undefined, undefined]);
  for (let n = 2; n < 200; n++) expect(at(`r${n}`, 2)).toBe('TOO_MANY_REGIONS');
  // Others find room.
  for (let n = 2; n < MAX_REGIONS; n++) expect(codeOf(MANY.TOO_MANY_REGIONS!(n), 2)).toBeUndefined();
  expect(codeOf(MANY.TOO_MANY_REGIONS!(1000), 2)).toBe('TOO_MANY_REGIONS');
  expect(at('r1', 59_999)).toBeUndefined();
  expect(at('r2', 59_999)).toBe('TOO_MANY_REGIONS');
  expect(at('r2', 60_000)).toBeUndefined();
  // It has left the first one to nobody.
  expect(codeOf(MANY.TOO_MANY_REGIONS!(1000), 60_000)).toBeUndefined();
  expect(at('r0', 60_000)).toBe('TOO_MANY_REGIONS');
});

test('a host has few sensors that send; those that stopped make room', () => {
  const of = (n: number, now: number, hostname = 'h') => codeOf({ hostname, execution_id: `e${n}` }, now);
  for (let n = 0; n < MAX_SENSORS_OF_HOST; n++) expect(of(n, n)).toBeUndefined();
  for (let n = 100; n < 1_000; n++) expect(of(n, 1000)).toBe('TOO_MANY_SENSORS');
  // Other spellings are the same host; other hosts are not held up.
  expect(of(100, 1000, 'H ')).toBe('TOO_MANY_SENSORS');
  expect(of(2000, 1000, 'other')).toBeUndefined();
  expect(of(0, 1000)).toBeUndefined();
  expect(of(100, 60_000)).toBe('TOO_MANY_SENSORS');
  expect(of(100, 60_001)).toBeUndefined();
  expect(of(1, 60_001)).toBe('TOO_MANY_SENSORS');
  expect(of(0, 60_001)).toBeUndefined();
});

test('an execution belongs to the host that has named it first, until that was silent for an hour', () => {
  const from = (hostname: string | undefined, now: number, sequence: object = {}) =>
    codeOf({ execution_id: 'e', hostname, ...sequence }, now);
  expect(from('h', 0)).toBeUndefined();
  for (const other of ['other', undefined, 'e']) expect(from(other, 1000)).toBe('WRONG_HOST');
  expect(from('H ', 1000)).toBeUndefined();
  expect(from('other', 3_600_000)).toBe('WRONG_HOST');
  expect(from('other', 3_601_000)).toBeUndefined();
  expect(from('h', 3_601_001)).toBe('WRONG_HOST');
});

test('a sensor that carries the name of its execution is no host', () => {
  for (let n = 0; n <= MAX_HOSTS; n++) codeOf({ hostname: `x${n}`, execution_id: `x${n}` }, 0);
  expect(codeOf({ hostname: 'h', execution_id: 'e' }, 0)).toBeUndefined();
});

test('a message of no sensor takes no place', () => {
  for (let n = 0; n < 2 * MAX_REGIONS; n++) expect(codeOf({ hostname: 'h', region: `x${n}` }, 0)).toBeUndefined();
  expect(codeOf(MANY.TOO_MANY_REGIONS!(0), 0, false)).toBeUndefined();
});

test('a region is left when the last of its hosts has left it', () => {
  const others = (now: number) => {
    for (let n = 1; n < MAX_REGIONS; n++) codeOf(MANY.TOO_MANY_REGIONS!(n), now);
  };
  codeOf(MANY.TOO_MANY_REGIONS!(0), 0);
  codeOf({ hostname: 'second', region: 'r0', execution_id: 's' }, 1);
  others(HOUR);
  expect(codeOf(MANY.TOO_MANY_REGIONS!(MAX_REGIONS), HOUR)).toBe('TOO_MANY_REGIONS');
  expect(codeOf(MANY.TOO_MANY_REGIONS!(MAX_REGIONS), HOUR + 1)).toBeUndefined();
});

test('a relay sends for hosts of its region and for those that nobody knows, for an hour', () => {
  const from = (relay: string | undefined, over: object, now = 0) =>
    places.findProblem({ hostname: 'h', execution_id: 'e', region: relay ?? 'us', ...over }, now, true, relay)?.code;
  expect(from(undefined, {})).toBeUndefined();
  expect(from('eu', {})).toBe('WRONG_HOST');
  expect(from('eu', { execution_id: 'other', hostname: 'H ' })).toBe('WRONG_HOST');
  expect(from('eu', { execution_id: '' })).toBe('WRONG_HOST');
  expect(from('us', {})).toBeUndefined();
  expect(from('eu', { hostname: 'new', execution_id: 'new' })).toBeUndefined();
  expect(from('eu', { execution_id: '' }, HOUR)).toBeUndefined();
  // Of two regions, the host has named this one, too.
  expect([from(undefined, {}, HOUR), from(undefined, { region: 'eu' }, HOUR)]).toEqual([undefined, undefined]);
  expect(from('eu', {}, HOUR)).toBeUndefined();
});

test.each([
  ['TOO_MANY_HOSTS', MAX_HOSTS],
  ['TOO_MANY_SENSORS', MAX_SENSORS],
])('%s: relays of one region fill half, and leave the rest to others', (code, max) => {
  const from = (relay: string, n: number, now: number) =>
    places.findProblem({ ...MANY[code]!(n), region: relay }, now, true, relay)?.code;
  for (let n = 0; n < max / 2; n++) if (from('eu', n, n) !== undefined) throw new Error(`${n} is refused`);
  expect([from('eu', max, max), from('eu', 0, max), from('us', max, max)]).toEqual([code, undefined, undefined]);
  // Those that are silent make room.
  expect(from('eu', max + 1, HOUR + 1)).toBeUndefined();
});

test('sensors that made room for others are counted no more in their region', () => {
  for (let n = 0; n <= MAX_SENSORS / 2; n++) {
    const message = { hostname: 'h', execution_id: `e${n}`, region: 'eu' };
    if (places.findProblem(message, n * 2000, true, 'eu')) throw new Error(`${n} is refused`);
  }
});

test('a fleet of several shards has as many places for each', () => {
  places = new NameLimits(2);
  const name = (n: number) => codeOf(MANY.TOO_MANY_HOSTS!(n), n);
  for (let n = 0; n < MAX_HOSTS; n++) if (name(n) !== undefined) throw new Error(`${n} is refused`);
  expect(name(MAX_HOSTS)).toBeUndefined();
});
