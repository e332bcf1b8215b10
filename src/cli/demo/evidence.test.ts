import { expect, test } from 'vitest';
import { region, sensor, summary, T0 } from '../../test/support/screen-samples.js';
import {
  alertOf,
  type Evidence,
  keptReadingsArrived,
  nothingIsMissing,
  type Seen,
  sameExecutions,
  sensorsMeasure,
  showsColor,
} from './evidence.js';

const NODES = 2;
const all = ['us', 'eu', 'as'].map((name) => region(name, { live: NODES, gaps: 0 }));

const seen = ({ regions = all, sensors = [sensor()], ...over }: Partial<Seen> & Partial<Shown> = {}): Seen => ({
  before: [],
  now: { summary: summary(regions), sensors },
  deadLetters: 0,
  alerts: [],
  ...over,
});
interface Shown {
  regions: ReturnType<typeof region>[];
  sensors: ReturnType<typeof sensor>[];
}
const ok = ({ check }: Evidence, what: Seen) => check(what).ok;

/** Of the region `us`, then of `eu`, then of `as`. */
const sensorsOf = (counts: number[], over: Parameters<typeof sensor>[0]) =>
  ['us', 'eu', 'as'].flatMap((name, i) =>
    Array.from({ length: counts[i] ?? 0 }, () => sensor({ region: name, ...over })),
  );

test('every sensor sends what it measures, in all three regions', () => {
  const measuring = (...counts: number[]) => seen({ sensors: sensorsOf(counts, { values: { temperature: 4 } }) });
  const evidence = sensorsMeasure('temperature', NODES);
  expect(ok(evidence, measuring(2, 2, 2))).toBe(true);
  expect(ok(evidence, measuring(2, 1, 2))).toBe(false);
  expect(ok(evidence, measuring(3, 1, 2))).toBe(false);
  expect(ok(evidence, seen({ sensors: sensorsOf([2, 2, 2], {}) }))).toBe(false);
});

test('a colour is shown when no sensor has another one', () => {
  const shown = (...counts: number[]) =>
    seen({
      sensors: [
        ...sensorsOf(counts, { color: '#00c853' }),
        ...sensorsOf(
          counts.map((count) => NODES - count),
          {},
        ),
      ],
    });
  expect(ok(showsColor('#00c853', NODES), shown(2, 2, 2))).toBe(true);
  expect(ok(showsColor('#00c853', NODES), shown(2, 1, 2))).toBe(false);
  expect(ok(showsColor('#00c853', NODES, ['us', 'as']), shown(2, 1, 2))).toBe(true);
  expect(ok(showsColor('#00c853', NODES, ['us', 'as']), seen({ sensors: sensorsOf([2], { color: '#00c853' }) }))).toBe(
    false,
  );
});

test('sensors that are silent or replaced show nothing', () => {
  const sensors = sensorsOf([2, 2, 2], { color: '#00c853', state: 'silent' });
  expect(ok(showsColor('#00c853', NODES), seen({ sensors }))).toBe(false);
});

test('the newest alert of the region counts', () => {
  const alert = (name: string, firing: boolean) =>
    ({
      event: 'alert',
      type: 'region.silent',
      region: name,
      firing,
      silent_ms: 6000,
      at: T0,
      rule: '',
      text: '',
    }) as const;
  const outcomes = (...alerts: Seen['alerts']) => [
    ok(alertOf('eu', true), seen({ alerts })),
    ok(alertOf('eu', false), seen({ alerts })),
  ];
  expect(outcomes(alert('eu', true), alert('us', false))).toEqual([true, false]);
  expect(outcomes(alert('eu', true), alert('eu', false), alert('us', true))).toEqual([false, true]);
  expect(outcomes()).toEqual([false, false]);
});

test.each([
  ['all of it', { sequence: 20, received: 20 }, true],
  ['not yet all', { sequence: 14, received: 14 }, false],
  ['with a gap', { sequence: 20, received: 19 }, false],
  ['of a sensor that was replaced', { sequence: 14, received: 14, state: 'replaced' }, true],
] as const)('what a region kept for 10 s arrives: %s', (_, over, expected) => {
  const place = { execution_id: 'e', region: 'eu' };
  const before = [sensor({ ...place, sequence: 10, last_seen: T0 - 10_000 })];
  const now = { summary: { ...summary(all), time: T0 }, sensors: [sensor({ ...place, ...over })] };
  const found = keptReadingsArrived('eu', 1).check(seen({ before, now }));
  expect(found.ok).toBe(expected);
});

test('an execution that was not there before is not the same', () => {
  const before = [sensor({ execution_id: 'a' })];
  expect(ok(sameExecutions(), seen({ before, sensors: [sensor({ execution_id: 'a' })] }))).toBe(true);
  expect(ok(sameExecutions(), seen({ before, sensors: [sensor({ execution_id: 'b' })] }))).toBe(false);
  expect(ok(sameExecutions(), seen({ before, sensors: [] }))).toBe(false);
});

test('one gap is too many, also of a sensor that was replaced, and so is a dead letter', () => {
  expect(ok(nothingIsMissing(), seen())).toBe(true);
  expect(ok(nothingIsMissing(), seen({ regions: [region('eu', { gaps: 1 })] }))).toBe(false);
  expect(ok(nothingIsMissing(), seen({ sensors: [sensor({ gaps: 1 })] }))).toBe(false);
  expect(ok(nothingIsMissing(), seen({ deadLetters: 1 }))).toBe(false);
});
