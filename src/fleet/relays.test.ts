/** Relays in the fleet view: what they keep is waiting, and not missing. Virtual time. */
import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import type { RelayReport } from '../protocol/relay.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { Fleet } from './fleet.js';

const T0 = 1_750_000_000_000;
const report = (over: Partial<RelayReport> = {}): RelayReport => ({
  ...{ name: 'site', region: 'eu', at: 1, backlog: 0, oldest: 0, bytes: 10, max: 100, refused: 0, ...over },
});
const config: ReportedConfig = {
  version: 0,
  sources: { color: 'default', emoji: 'default', random_off: 'default', interval: 'default', paused: 'default' },
  ...{ file: 'none', intervalMs: 1000, paused: false },
};

class Site {
  readonly fleet = new Fleet();
  /** The reading `sequence` of an execution, taken in that second, arrives at `now` (seconds). */
  arrive(execution: string, sequence: number, now = sequence, submitted = 0): void {
    const reading: Reading = {
      ...{
        job_id: 'j',
        execution_id: execution,
        icon_name: '',
        color: '#ff0000',
        region: 'eu',
        hostname: 'h',
        sequence,
      },
      ...{
        timestamp: new Date(T0 + (submitted + sequence) * 1000).toISOString(),
        job_submission_time: T0 + submitted * 1000,
      },
    };
    this.fleet.record(reading, config, T0 + now * 1000);
  }
  hear(now: number, over: Partial<RelayReport>): void {
    this.fleet.relays.record(report({ at: now * 1000, ...over }), T0 + now * 1000);
  }
  counts(now: number) {
    this.fleet.prune(T0 + now * 1000);
    const { gaps, waiting, unaccounted } = this.fleet.summary(T0 + now * 1000).total;
    return { gaps, waiting, unaccounted };
  }
  get relays() {
    return this.fleet.summary(T0).relays;
  }
}

test('a relay is shown as it said last, and away while its sensors are silent', () => {
  const site = new Site();
  for (let second = 1; second <= 30; second++) site.arrive('e', second);
  site.hear(30, { backlog: 7, oldest: 2000, refused: 1 });
  const view = { name: 'site', region: 'eu', backlog: 7, bytes: 10, max_bytes: 100, refused: 1, heard_at: T0 + 30_000 };
  const at = (second: number) => site.fleet.summary(T0 + second * 1000).relays;
  expect(at(31)).toEqual([{ ...view, oldest_ms: 3000, away: false }]);
  expect(at(50)).toEqual([{ ...view, oldest_ms: 22_000, away: true }]);
});

test('of two reports that come in another order, the newer one counts', () => {
  const site = new Site();
  site.hear(2, { backlog: 0, at: 2 });
  site.hear(3, { backlog: 500, at: 1 });
  expect(site.relays).toMatchObject([{ backlog: 0 }]);
});

test('an hour without a link: nothing is missing while the relay keeps it, and nothing when it is forwarded', () => {
  const site = new Site();
  for (let second = 1; second <= 100; second++) site.arrive('old', second);
  site.hear(100, {});
  expect(site.counts(100)).toEqual({ gaps: 0, waiting: 0, unaccounted: 0 });
  // Long after silent sensors are gone elsewhere.
  expect(site.counts(3000)).toEqual({ gaps: 0, waiting: 2900, unaccounted: 0 });
  // The link is back. Meanwhile the sensor was replaced; what it takes now comes first.
  site.hear(3700, { backlog: 3590, oldest: 3_600_000 });
  for (let n = 195; n <= 200; n++) site.arrive('new', n, 3700, 3500);
  const { gaps, waiting, unaccounted } = site.counts(3710);
  expect([gaps, unaccounted]).toEqual([0, 0]);
  // 101 to 3500 of the old one, 1 to 194 of the new one.
  expect(waiting).toBeGreaterThanOrEqual(3400 + 194);
  for (let n = 101; n <= 3500; n++) site.arrive('old', n, 3715);
  for (let n = 1; n <= 194; n++) site.arrive('new', n, 3716, 3500);
  site.hear(3716, { backlog: 0 });
  for (let n = 201; n <= 220; n++) site.arrive('new', n, 3717, 3500);
  expect(site.counts(3721)).toEqual({ gaps: 0, waiting: 0, unaccounted: 0 });
});

test('what was missing before, and what is still missing when all is forwarded, is missing', () => {
  const site = new Site();
  for (const n of [1, 2, 3, 6]) site.arrive('e', n);
  site.hear(100, { backlog: 50, oldest: 60_000 });
  site.arrive('e', 100);
  expect(site.counts(105)).toEqual({ gaps: 2, waiting: 93, unaccounted: 0 });
  site.hear(110, {});
  site.arrive('e', 110);
  expect(site.counts(111)).toMatchObject({ gaps: 95 });
});

test('a sensor that ended before the relay kept anything is not waited for', () => {
  const site = new Site();
  for (let second = 1; second <= 10; second++) site.arrive('dead', second);
  site.hear(2000, { backlog: 10, oldest: 5000 });
  expect(site.counts(2000).unaccounted).toBeGreaterThan(0);
});

test('a relay that is not in use any more is forgotten, one that keeps readings is not; and so after a restart', () => {
  const site = new Site();
  site.hear(1, {});
  site.hear(1, { name: 'full', backlog: 3 });
  site.arrive('direct', 100);
  site.counts(100);
  expect(site.relays.map(({ name }) => name)).toEqual(['full']);
  const restored = new Fleet();
  restored.load(JSON.parse(JSON.stringify(site.fleet.dump())));
  expect(restored.summary(T0).relays).toEqual(site.relays);
});

test('whoever makes up relays of a region pushes out no others, of that region or elsewhere', () => {
  const site = new Site();
  site.hear(1, { region: 'us' });
  site.hear(1, {});
  for (let n = 0; n < 1000; n++) site.hear(2, { name: `made-up-${n}` });
  const names = site.relays.map(({ region, name }) => `${region} ${name}`);
  expect([names.length, names]).toEqual([17, expect.arrayContaining(['us site', 'eu site'])]);
  for (let n = 0; n < 1000; n++) site.hear(3, { region: `made-up-${n}` });
  expect(site.relays.length).toBe(200);
  site.hear(4, { backlog: 5 });
  expect(site.relays.find(({ region, name }) => region === 'eu' && name === 'site')).toMatchObject({ backlog: 5 });
});

test.each([
  [
    { bytes: 5, max: 0 },
    { bytes: 0, max_bytes: 1 },
  ],
  [
    { bytes: 900, max: 100 },
    { bytes: 100, max_bytes: 100 },
  ],
])('no relay is fuller than full: %j', (over, shown) => {
  const site = new Site();
  site.hear(1, over);
  expect(site.relays).toMatchObject([shown]);
});
