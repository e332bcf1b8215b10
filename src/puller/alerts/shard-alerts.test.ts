/** Alerts over shards that pullers share: what is missing, what lags, and what fires on when another puller raises them. */
import { expect, test } from 'vitest';
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { FleetSummary, MissingPart, RegionView } from '../../fleet/fleet-view.js';
import { openAlerts } from './alerts.js';

const T0 = 1_750_000_000_000;
const MISSING: MissingPart = { puller: 'http://b.test', shards: [1, 3], why: 'it does not answer' };
const fine = { store: undefined, clockAheadMs: 0, queueServer: undefined, deadLetters: 0 };

/** A puller that raises alerts; `now` in seconds. */
function watcher() {
  const news: AlertEvent[] = [];
  const alerts = openAlerts(
    { afterSeconds: 10, onAlert: (alert) => news.push(alert) },
    () => {},
    () => {},
  );
  return {
    alerts,
    at(now: number, regions: RegionView[] = [], missing: MissingPart[] = [], lagMs?: number) {
      const time = T0 + now * 1000;
      const summary = { time, regions, relays: [], total: {} as FleetSummary['total'] };
      alerts.update(summary, { ...fine, missing, shards: [{ shard: 2, lagMs }] });
      return news.splice(0).map((alert) => `${alert.firing ? '' : 'over '}${alert.type}: ${alert.text}`);
    },
  };
}

const region = (over: Partial<RegionView>): RegionView => ({
  ...{ region: 'eu', cut: false, live: 1, paused: 0, silent: 0, rate: 1, interval_ms: 1000, colors: [] },
  ...{ received: 9, duplicates: 0, late: 0, gaps: 0, dropped: 0, waiting: 0, unaccounted: 0, last_seen: T0 },
  ...over,
});

test('a puller that is silent for longer than a takeover takes is an alert, once, and its end, too', () => {
  const { at } = watcher();
  expect(at(0, [], [MISSING])).toEqual([]);
  expect(at(14, [], [MISSING])).toEqual([]);
  const text = "shards 1, 3 can't be shown for 15 s: the puller at http://b.test holds them: it does not answer";
  expect(at(15, [], [MISSING])).toEqual([`puller.silent: ${text}`]);
  expect(at(60, [], [MISSING])).toEqual([]);
  expect(at(61)).toEqual(['over puller.silent: shards 1, 3 are shown again']);
  // What is silent again is so from then on.
  expect(at(62, [], [MISSING])).toEqual([]);
});

test('a shard that nobody holds is an alert of its own', () => {
  const { at } = watcher();
  const nobody = { shards: [2], why: 'no puller holds them' };
  at(0, [], [nobody, MISSING]);
  expect(at(20, [], [nobody, MISSING]).map((text) => text.slice(0, 26))).toEqual([
    'puller.silent: shard 2 can',
    'puller.silent: shards 1, 3',
  ]);
});

test('a shard whose oldest message waits for more than a minute is an alert until it is known not to', () => {
  const { at } = watcher();
  expect(at(0, [], [], 60_000)).toEqual([]);
  expect(at(1, [], [], 61_000)[0]).toMatch(/^shard.lagging: the oldest message of shard 2 has waited for 61 s/);
  expect(at(2)).toEqual([]);
  expect(at(3, [], [], 500)).toEqual(['over shard.lagging: no message of shard 2 has waited for long any more']);
});

test('while shards are missing, their regions are not silent and their readings not lost', () => {
  const { at } = watcher();
  const since = Date.now();
  const early = (over: Partial<RegionView> = {}) => region({ last_seen: since, unaccounted: 5, ...over });
  const now = (since - T0) / 1000;
  at(now, [early()]);
  expect(at(now + 5, [early({ unaccounted: 1 })], [MISSING])).toEqual([]);
  expect(at(now + 14, [], [MISSING])).toEqual([]);
  expect(at(now + 16, [early({ last_seen: since + 15_000 })])).toEqual([]);
  expect(at(now + 27, [early({ last_seen: since + 26_000 })])).toEqual([]);
});

test('another puller that raises alerts from now on says nothing of those that fire, and ends them', () => {
  const [before, after] = [watcher(), watcher()];
  const start = Date.now();
  const now = (start - T0) / 1000;
  const silent = region({ last_seen: start });
  const lossy = (unaccounted: number, at: number) =>
    region({ region: 'us', last_seen: start + at * 1000, unaccounted });
  before.at(now, [silent, lossy(2, 0)]);
  before.at(now + 1, [silent, lossy(9, 1)]);
  expect(before.at(now + 12, [silent, lossy(9, 12)]).map((text) => text.split(':')[0])).toEqual([
    'region.silent',
    'readings.unaccounted',
  ]);
  after.alerts.restore(JSON.parse(JSON.stringify(before.alerts.firing())));
  expect(after.at(now + 14, [silent, lossy(9, 14)])).toEqual([]);
  expect(after.at(now + 90, [silent, lossy(9, 90)])).toEqual([]);
  expect(after.at(now + 91, [region({ last_seen: start + 91_000 }), lossy(2, 91)])).toEqual([
    'over region.silent: eu is reporting again',
    'over readings.unaccounted: the missing readings from us have come',
  ]);
});
