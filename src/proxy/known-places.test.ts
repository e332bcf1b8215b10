import { expect, test } from 'vitest';
import { KnownPlaces, MAX_HOSTS, MAX_REGIONS } from './known-places.js';

const HOUR = 3_600_000;

test.each([
  ['region', MAX_REGIONS, 'TOO_MANY_REGIONS'],
  ['hostname', MAX_HOSTS, 'TOO_MANY_HOSTS'],
])(
  'each %s up to the limit is taken, and known ones stay; others are refused until one is silent for an hour',
  (field, max, code) => {
    const places = new KnownPlaces();
    const name = (n: number, now: number) => places.findProblem({ [field]: `x${n}` }, now)?.code;
    for (let n = 0; n < max; n++) expect(name(n, n)).toBeUndefined();
    expect(name(max, max)).toBe(code);
    // The first one is heard of again; then the second is silent for longest.
    expect(name(0, HOUR)).toBeUndefined();
    expect(name(max, HOUR)).toBe(code);
    expect(name(max, HOUR + 1)).toBeUndefined();
    expect(name(1, HOUR + 1)).toBe(code);
    expect(name(0, HOUR + 1)).toBeUndefined();
  },
);

test('a message that names no place is taken, however many there are', () => {
  const places = new KnownPlaces();
  for (let n = 0; n < MAX_REGIONS; n++) places.findProblem({ region: `x${n}` }, 0);
  expect(places.findProblem({ data: 1 }, 0)).toBeUndefined();
  expect(places.findProblem({ region: 5 }, 0)).toBeUndefined();
});
