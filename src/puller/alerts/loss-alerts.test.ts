import { expect, test } from 'vitest';
import type { FleetSummary } from '../../fleet/fleet-view.js';
import { noReadings } from '../../fleet/region-counts.js';
import { LossAlerts } from './loss-alerts.js';

const T0 = 1_750_000_000_000;
const HOUR = 3_600_000;

/** `unaccounted`: by region. */
function summary(time: number, unaccounted: Record<string, number>): FleetSummary {
  const states = { live: 1, paused: 0, silent: 0, rate: 0 };
  const regions = Object.entries(unaccounted).map(([region, count]) => ({
    ...{ ...states, ...noReadings(), region, unaccounted: count, cut: false, interval_ms: 1000, colors: [] },
  }));
  return { time, relays: [], regions, total: { ...states, ...noReadings() } };
}

const shown = (alerts: LossAlerts, time: number, unaccounted: Record<string, number>) =>
  alerts.update(summary(T0 + time, unaccounted)).map(({ region, firing, count }) => [region, firing, count]);

test('what has been missing for ten seconds is reported once, by region, and what was missing before the start is not', () => {
  const alerts = new LossAlerts();
  expect(shown(alerts, 0, { eu: 7, us: 0 })).toEqual([]);
  expect(shown(alerts, 1000, { eu: 7, us: 25 })).toEqual([]);
  expect(shown(alerts, 10_999, { eu: 7, us: 25 })).toEqual([]);
  expect(shown(alerts, 11_000, { eu: 7, us: 25 })).toEqual([['us', true, 25]]);
  expect(alerts.firing[0]?.text).toMatch(/^at most 25 readings from us never came: /);
  expect(shown(alerts, 12_000, { eu: 7, us: 25, as: 1 })).toEqual([]);
  expect(shown(alerts, 22_000, { eu: 7, us: 25, as: 1 })).toEqual([['as', true, 1]]);
  expect(alerts.firing.find(({ region }) => region === 'as')?.text).toMatch(/^at most 1 reading from as /);
});

test('readings that arrive in time raise no alert, and those that come later end it', () => {
  const alerts = new LossAlerts();
  shown(alerts, 0, { eu: 2 });
  expect(shown(alerts, 1000, { eu: 20 })).toEqual([]);
  expect(shown(alerts, 9000, { eu: 2 })).toEqual([]);
  expect(shown(alerts, 12_000, { eu: 20 })).toEqual([]);
  expect(shown(alerts, 22_000, { eu: 20 })).toEqual([['eu', true, 18]]);
  expect(shown(alerts, 23_000, { eu: 3 })).toEqual([]);
  expect(shown(alerts, 24_000, { eu: 2 })).toEqual([['eu', false, 0]]);
  expect(alerts.firing).toEqual([]);
});

test('after an hour the alert is over, until more are missing', () => {
  const alerts = new LossAlerts();
  shown(alerts, 0, { eu: 0 });
  shown(alerts, 1000, { eu: 5 });
  expect(shown(alerts, 11_000, { eu: 5 })).toEqual([['eu', true, 5]]);
  expect(shown(alerts, 11_000 + HOUR, { eu: 5 })).toEqual([['eu', false, 5]]);
  expect(shown(alerts, 12_000 + HOUR, { eu: 6 })).toEqual([]);
  expect(shown(alerts, 22_000 + HOUR, { eu: 6 })).toEqual([['eu', true, 1]]);
});
