import { expect, test } from 'vitest';
import type { FleetSummary, RegionView } from '../../fleet/fleet-view.js';
import { SilenceAlerts } from './silence-alerts.js';

const T0 = 1_750_000_000_000;

/** Regions by the time of their last reading; `over` for those that are something else than live. */
function summary(time: number, lastSeen: Record<string, number>, over: Partial<RegionView> = {}): FleetSummary {
  const counts = {
    live: 1,
    paused: 0,
    silent: 0,
    rate: 0,
    received: 1,
    duplicates: 0,
    late: 0,
    gaps: 0,
    dropped: 0,
    waiting: 0,
    unaccounted: 0,
    ...over,
  };
  const regions = Object.entries(lastSeen).map(([region, last_seen]) => ({
    ...{ region, cut: false, interval_ms: 1000, ...counts, last_seen, colors: [] },
  }));
  return { time, relays: [], regions, total: { ...counts, last_seen: 0 } };
}

const afterTenSeconds = () => new SilenceAlerts(10, T0);
const shown = (alerts: SilenceAlerts, found: FleetSummary) =>
  alerts.update(found).map(({ region, firing, silent_ms, over }) => [region, firing, silent_ms, over]);

test('silence is reported once when it begins and once when it is over, for each region', () => {
  const alerts = afterTenSeconds();
  expect(shown(alerts, summary(T0 + 10_000, { us: T0, eu: T0 + 9000 }))).toEqual([]);
  expect(shown(alerts, summary(T0 + 10_001, { us: T0, eu: T0 + 9000 }))).toEqual([['us', true, 10_001, undefined]]);
  expect(shown(alerts, summary(T0 + 15_000, { us: T0, eu: T0 + 14_000 }))).toEqual([]);
  expect(shown(alerts, summary(T0 + 30_000, { us: T0, eu: T0 + 14_000 }))).toEqual([['eu', true, 16_000, undefined]]);
  expect(shown(alerts, summary(T0 + 31_000, { us: T0 + 30_900, eu: T0 + 14_000 }))).toEqual([
    ['us', false, 100, 'reporting'],
  ]);
  expect(shown(alerts, summary(T0 + 50_000, { us: T0 + 30_900, eu: T0 + 49_900 }))).toEqual([
    ['us', true, 19_100, undefined],
    ['eu', false, 100, 'reporting'],
  ]);
});

test('an alert carries its facts, and a rule and a sentence for webhooks', () => {
  const alerts = afterTenSeconds();
  const event = { event: 'alert', type: 'region.silent', rule: 'no reading for 10 s', region: 'us' };
  expect(alerts.update(summary(T0 + 11_400, { us: T0 }))).toEqual([
    { ...event, firing: true, silent_ms: 11_400, text: 'no reading from us for 11 s', at: T0 + 11_400 },
  ]);
  expect(alerts.update(summary(T0 + 12_000, { us: T0 + 12_000 }))).toEqual([
    { ...event, firing: false, silent_ms: 0, over: 'reporting', text: 'us is reporting again', at: T0 + 12_000 },
  ]);
});

test('what fires is kept as it was published, until it is over', () => {
  const alerts = afterTenSeconds();
  expect(alerts.firing).toEqual([]);
  const published = alerts.update(summary(T0 + 11_000, { us: T0, eu: T0 }));
  alerts.update(summary(T0 + 12_000, { us: T0, eu: T0 }));
  expect(alerts.firing).toEqual(published);
  alerts.update(summary(T0 + 13_000, { us: T0 + 12_000, eu: T0 }));
  expect(alerts.firing).toEqual([published[1]]);
});

test.each([
  ['are paused', { live: 0, paused: 3 }, 0],
  ['were replaced or are gone', { live: 0 }, 0],
  ['are silent', { live: 0, silent: 3 }, 1],
  ['are paused but for one', { live: 0, paused: 2, silent: 1 }, 1],
])('a region whose sensors %s', (_, over, alerts) => {
  expect(shown(afterTenSeconds(), summary(T0 + 20_000, { us: T0 }, over))).toHaveLength(alerts);
});

test('silence that ends without active sensors is not called reporting', () => {
  const alerts = afterTenSeconds();
  alerts.update(summary(T0 + 20_000, { us: T0 }));
  expect(alerts.update(summary(T0 + 30_000, { us: T0 }, { live: 0, paused: 1 }))).toMatchObject([
    { region: 'us', firing: false, silent_ms: 30_000, over: 'no-sensors', text: 'us has no active sensors' },
  ]);
});

test('a region that is no longer in the summary has no sensors', () => {
  const alerts = afterTenSeconds();
  alerts.update(summary(T0 + 20_000, { us: T0 }));
  expect(shown(alerts, summary(T0 + 30_000, {}))).toEqual([['us', false, 30_000, 'no-sensors']]);
});

test('a region that fell silent a minute or longer before the start raises no alert', () => {
  expect(shown(afterTenSeconds(), summary(T0 + 1000, { us: T0 - 60_000, eu: T0 - 59_999 }))).toEqual([
    ['eu', true, 60_999, undefined],
  ]);
});

test('a slow region has two of its intervals before it counts as silent', () => {
  const alerts = afterTenSeconds();
  const slow = { interval_ms: 30_000 };
  expect(shown(alerts, summary(T0 + 60_000, { us: T0 }, slow))).toEqual([]);
  expect(shown(alerts, summary(T0 + 60_001, { us: T0 }, slow))).toEqual([['us', true, 60_001, undefined]]);
});
