import { expect, test } from 'vitest';
import type { FleetSummary, RegionView } from '../fleet/fleet-view.js';
import { AlertState, silenceRule } from './alerts.js';

const T0 = 1_750_000_000_000;

/** Regions by the time of their last reading; `over` for those that are something else than live. */
function summary(time: number, lastSeen: Record<string, number>, over: Partial<RegionView> = {}): FleetSummary {
  const counts = { live: 1, paused: 0, silent: 0, rate: 0, received: 1, duplicates: 0, late: 0, gaps: 0, ...over };
  const regions = Object.entries(lastSeen).map(([region, last_seen]) => ({
    ...{ region, cut: false, interval_ms: 1000, ...counts, last_seen, colors: [] },
  }));
  return { time, regions, total: { ...counts, last_seen: 0 } };
}

const state = () => new AlertState([silenceRule(10, T0)]);
const shown = (alerts: AlertState, found: FleetSummary) =>
  alerts.update(found).map(({ region, firing, text }) => [region, firing, text]);

test('silence is told once when it begins and once when it is over, for each region', () => {
  const alerts = state();
  expect(shown(alerts, summary(T0 + 10_000, { us: T0, eu: T0 + 9000 }))).toEqual([]);
  expect(shown(alerts, summary(T0 + 10_001, { us: T0, eu: T0 + 9000 }))).toEqual([
    ['us', true, 'no reading from us for 10 s'],
  ]);
  expect(shown(alerts, summary(T0 + 15_000, { us: T0, eu: T0 + 14_000 }))).toEqual([]);
  expect(shown(alerts, summary(T0 + 30_000, { us: T0, eu: T0 + 14_000 }))).toEqual([
    ['eu', true, 'no reading from eu for 16 s'],
  ]);
  expect(shown(alerts, summary(T0 + 31_000, { us: T0 + 30_900, eu: T0 + 14_000 }))).toEqual([
    ['us', false, 'us sends again'],
  ]);
  expect(shown(alerts, summary(T0 + 50_000, { us: T0 + 30_900, eu: T0 + 49_900 }))).toEqual([
    ['us', true, 'no reading from us for 19 s'],
    ['eu', false, 'eu sends again'],
  ]);
});

test('an alert says which rule, when, and whether it begins', () => {
  expect(state().update(summary(T0 + 11_000, { us: T0 }))).toEqual([
    {
      event: 'alert',
      rule: 'no reading for 10 s',
      region: 'us',
      firing: true,
      text: 'no reading from us for 11 s',
      at: T0 + 11_000,
    },
  ]);
});

test('what fires is remembered as it was told, until it is over', () => {
  const alerts = state();
  expect(alerts.firing).toEqual([]);
  const told = alerts.update(summary(T0 + 11_000, { us: T0, eu: T0 }));
  alerts.update(summary(T0 + 12_000, { us: T0, eu: T0 }));
  expect(alerts.firing).toEqual(told);
  alerts.update(summary(T0 + 13_000, { us: T0 + 12_000, eu: T0 }));
  expect(alerts.firing).toEqual([told[1]]);
});

test.each([
  ['are paused', { live: 0, paused: 3 }, 0],
  ['were replaced or are gone', { live: 0 }, 0],
  ['are silent', { live: 0, silent: 3 }, 1],
  ['are paused but for one', { live: 0, paused: 2, silent: 1 }, 1],
])('a region whose sensors %s', (_, over, alerts) => {
  expect(shown(state(), summary(T0 + 20_000, { us: T0 }, over))).toHaveLength(alerts);
});

test('silence that ends because nobody is left to send is not called sending', () => {
  const alerts = state();
  alerts.update(summary(T0 + 20_000, { us: T0 }));
  const [[region, firing, text]] = shown(alerts, summary(T0 + 30_000, { us: T0 }, { live: 0, paused: 1 })) as [
    [string, boolean, string],
  ];
  expect([region, firing]).toEqual(['us', false]);
  expect(text).not.toContain('sends again');
});

test('a region that had fallen silent long before the start is no news, one that just had is', () => {
  expect(shown(state(), summary(T0 + 1000, { us: T0 - 60_000, eu: T0 - 59_000 }))).toEqual([
    ['eu', true, 'no reading from eu for 60 s'],
  ]);
});

test('a slow region has two of its intervals before it counts as silent', () => {
  const alerts = state();
  const slow = { interval_ms: 30_000 };
  expect(shown(alerts, summary(T0 + 59_000, { us: T0 }, slow))).toEqual([]);
  expect(shown(alerts, summary(T0 + 60_001, { us: T0 }, slow))).toEqual([['us', true, 'no reading from us for 60 s']]);
});
