/** A fleet that is split by host and merged again shows what one fleet shows that has all readings. Virtual time. */
import { expect, test } from 'vitest';
import type { DesiredState, Scope } from '../protocol/desired-config.js';
import type { Reading } from '../protocol/message.js';
import type { DesiredField, ReportedConfig } from '../protocol/sensor-config.js';
import { Random } from '../test/torture/random.js';
import type { Goal } from './convergence.js';
import { Fleet } from './fleet.js';
import type { Convergence } from './fleet-view.js';
import {
  learnRelays,
  mergeConvergence,
  mergeCounts,
  mergeSummaries,
  mergeViews,
  unknownSubmissions,
} from './merge-parts.js';

const T0 = 1_750_000_000_000;
const REGIONS = ['us', 'eu', 'as', 'lab'];
const FIELDS: DesiredField[] = ['paused', 'color', 'interval'];
const JOBS = ['j-us', 'j-eu', 'j-as', 'j-lab'];

/** What happens to a fleet, at random: the same seed gives the same. */
function drive(seed: number, fleets: Fleet[]): { whole: Fleet; now: number } {
  const random = new Random(seed);
  const whole = new Fleet();
  const all = [whole, ...fleets];
  let now = T0;
  const sensors = Array.from({ length: 28 }, (_, i) => ({
    region: i % REGIONS.length,
    host: `edge-${i}`,
    run: 1,
    sequence: 0,
    submitted: T0 - 1000,
    silent: false,
    began: T0,
    config: undefined as ReportedConfig | undefined,
  }));
  const record = (reading: Reading, config: ReportedConfig | undefined) => {
    whole.record(reading, config, now);
    fleets[hashOf(reading.hostname) % fleets.length]!.record(reading, config, now);
  };
  for (let step = 0; step < 80; step++) {
    now += random.pick([200, 1000, 3000, 10_000, 90_000]);
    for (const sensor of sensors) {
      const chance = random.next();
      if (chance < 0.02) sensor.silent = !sensor.silent;
      if (chance > 0.99)
        Object.assign(sensor, { run: sensor.run + 1, sequence: 0, submitted: now - 500, began: now - 400 });
      if (chance > 0.98 && chance < 0.985) sensor.sequence += random.integer(1, 3);
      if (chance > 0.97 && chance < 0.975) sensor.sequence = Math.max(0, sensor.sequence - 2);
      sensor.config = {
        ...{
          version: random.integer(1, 7),
          file: 'none',
          intervalMs: 1000 * random.integer(1, 5),
          paused: chance < 0.1,
        },
        sources: { color: 'fleet', emoji: 'flag', random_off: 'flag', interval: 'flag', paused: 'flag' },
        counts: { taken: sensor.sequence + 2, dropped: 0, began: sensor.began },
      };
      if (sensor.silent) continue;
      sensor.sequence++;
      const reading: Reading = {
        ...{ job_id: JOBS[sensor.region]!, execution_id: `${sensor.host}-${sensor.run}`, hostname: sensor.host },
        ...{ region: REGIONS[sensor.region]!, sequence: sensor.sequence, timestamp: new Date(now - 50).toISOString() },
        ...{
          color: random.pick(['#00ff88', '#000000', '#ff0000']),
          icon_name: '🚀',
          job_submission_time: sensor.submitted,
        },
      };
      record(reading, sensor.config);
    }
    if (random.next() < 0.3) {
      const region = random.pick(REGIONS);
      const numbers = { backlog: random.integer(0, 3) * 10, oldest: random.integer(0, 9000), bytes: 10, max: 90 };
      const report = { name: 'site', region, at: now - random.integer(0, 3000), refused: 0, ...numbers };
      whole.relays.record(report, now);
      random.pick(fleets).relays.record(report, now);
    }
    exchange(fleets, now);
    exchange([whole], now);
    if (random.next() < 0.05) {
      const [region, connected] = [random.pick(REGIONS), random.next() < 0.5];
      for (const fleet of all) fleet.setRegionLink(region, connected);
    }
    const stopped = random.pick(JOBS);
    if (random.next() < 0.01) for (const fleet of all) fleet.markJobsStopped([stopped], now);
    if (step % 20 === 19) for (const fleet of all) fleet.prune(now);
  }
  return { whole, now };
}

const hashOf = (text: string): number => [...text].reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) >>> 0, 7);

/** As pullers do once a second. */
function exchange(fleets: Fleet[], now: number): void {
  const parts = fleets.map((fleet) => fleet.part(now));
  for (const fleet of fleets) learnRelays(fleet.relays, parts, now);
}

const desired: DesiredState = {
  version: 7,
  fleet: { version: 7, color: '#00ff88' },
  regions: { eu: { version: 5, color: '#000000' } },
  hosts: { 'edge-4': { version: 3, paused: true }, 'edge-5': { version: 3, color: '#ff0000' } },
};

function convergenceOf(fleets: Fleet[], goal: Goal, now: number): Convergence {
  const ask = (submissions: Record<string, number>) =>
    fleets.map((one) => one.convergence({ ...goal, submissions }, now));
  const parts = ask({});
  const unknown = unknownSubmissions(parts);
  return mergeConvergence(unknown ? ask(unknown) : parts, goal.fields);
}

/** Which of the pending come first does not matter. */
const sorted = ({ pending, ...rest }: Convergence) => ({
  ...rest,
  pending: pending.map(({ hostname, state }) => `${hostname} ${state}`).sort(),
});

test.each(Array.from({ length: 8 }, (_, seed) => seed))('seed %i: the parts together are the whole', (seed) => {
  const fleets = Array.from({ length: 1 + (seed % 5) }, () => new Fleet());
  const { whole, now } = drive(seed, fleets);
  expect(fleets.every((fleet) => fleet.view(now).length > 0)).toBe(true);
  for (const time of [now, now + 5000, now + 30_000, now + 700_000]) {
    exchange(fleets, time);
    exchange([whole], time);
    const merged = mergeSummaries(JSON.parse(JSON.stringify(fleets.map((fleet) => fleet.part(time)))), time);
    // Equally frequent colours come in any order.
    const colors = (summary: typeof merged) =>
      summary.regions.map((region) => ({
        ...region,
        colors: new Map(region.colors.map((one) => [one.color, one.sensors])),
      }));
    expect(colors(merged)).toEqual(colors(whole.summary(time)));
    expect({ ...merged, regions: [] }).toEqual({ ...whole.summary(time), regions: [] });
    expect(mergeViews(fleets.map((fleet) => fleet.view(time)))).toEqual(whole.view(time));
    const since = T0 + 60_000;
    expect(mergeCounts(fleets.map((fleet) => fleet.countSince(since, time)))).toEqual(whole.countSince(since, time));
    for (const scope of [{}, { region: 'eu' }, { hostname: 'edge-5' }] satisfies Scope[]) {
      for (const jobs of [undefined, { deployed: JOBS.slice(1), ended: ['j-us'] }]) {
        const goal = { desired, scope, jobs, fields: FIELDS };
        const { submissions, ...one } = convergenceOf(fleets, goal, time);
        const of = whole.convergence(goal, time);
        const { pending, ...counts } = sorted(of);
        expect(sorted(one)).toEqual({ ...counts, pending: of.pending.length < 20 ? pending : expect.anything() });
      }
    }
  }
});
