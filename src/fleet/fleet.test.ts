import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import { Fleet } from './fleet.js';
import { GAP_GRACE_MS } from './ledger.js';

const T0 = 1_750_000_000_000;

function reading(sequence: number, over: Partial<Reading> = {}): Reading {
  return {
    job_id: 'j-1',
    execution_id: 'e-1',
    icon_name: '🚀',
    timestamp: new Date(T0).toISOString(),
    color: '#ff5733',
    sequence,
    region: 'eu',
    job_submission_time: 1,
    hostname: 'edge-eu-1',
    ...over,
  };
}

test('a hole is a gap only when it has stayed for the grace time', () => {
  const fleet = new Fleet();
  fleet.record(reading(1), undefined, T0);
  fleet.record(reading(3), undefined, T0 + 10);
  expect(fleet.summary(T0 + 20).total.gaps).toBe(0);
  expect(fleet.summary(T0 + 10 + GAP_GRACE_MS).total.gaps).toBe(1);
  fleet.record(reading(2), undefined, T0 + GAP_GRACE_MS + 20);
  expect(fleet.summary(T0 + GAP_GRACE_MS + 30).total).toMatchObject({ gaps: 0, late: 1, received: 3, duplicates: 0 });
});

test('a newer submission on the same host replaces the sensor, and its late readings do not bring it back', () => {
  const fleet = new Fleet();
  fleet.record(reading(1), undefined, T0);
  fleet.record(reading(1, { execution_id: 'e-2', job_submission_time: 2, color: '#00ff88' }), undefined, T0 + 10);
  fleet.record(reading(2), undefined, T0 + 20);
  expect(fleet.view(T0 + 30).map((s) => [s.execution_id, s.state])).toEqual([
    ['e-1', 'replaced'],
    ['e-2', 'live'],
  ]);
  expect(fleet.summary(T0 + 30).regions[0]).toMatchObject({ live: 1, colors: [{ color: '#00ff88', sensors: 1 }] });
  expect(fleet.countSince(2, T0 + 30)).toEqual({ eu: 1 });
});

test('a sensor that sends nothing for longer than its interval explains is silent, and gone in the end', () => {
  const fleet = new Fleet();
  const config = { version: 0, sources: {} as never, file: 'none' as const, intervalMs: 1000, paused: false };
  fleet.record(reading(1), config, T0);
  expect([4_900, 5_100, 700_000].map((ms) => fleet.view(T0 + ms)[0]?.state)).toEqual(['live', 'silent', 'gone']);
});

test('what the operator did on purpose shows: a cut region, and sensors of an ended job, unless they send on', () => {
  const fleet = new Fleet();
  fleet.record(reading(1), undefined, T0);
  fleet.record(reading(1, { execution_id: 'e-2', job_id: 'j-2', hostname: 'other' }), undefined, T0);
  const cut = () => fleet.summary(T0 + 2).regions.map((region) => [region.region, region.cut]);
  fleet.setRegionLink('eu', false);
  expect(cut()).toEqual([['eu', true]]);
  fleet.setRegionLink('eu', true);
  expect(cut()).toEqual([['eu', false]]);
  fleet.markJobsStopped(['j-2'], T0 + 1);
  const states = () => fleet.view(T0 + 10).map(({ job_id, state }) => [job_id, state]);
  expect(states().sort()).toEqual([
    ['j-1', 'live'],
    ['j-2', 'gone'],
  ]);
  const later = { execution_id: 'e-2', job_id: 'j-2', hostname: 'other', timestamp: new Date(T0 + 8).toISOString() };
  fleet.record(reading(2, later), undefined, T0 + 9);
  expect(states().map(([, state]) => state)).toEqual(['live', 'live']);
});

test('sensors of a network that has ended are gone, and what was on its way does not bring them back', () => {
  const fleet = new Fleet();
  fleet.record(reading(1, { execution_id: 'before', hostname: 'a' }), undefined, T0 - 1);
  fleet.record(reading(1), undefined, T0);
  fleet.markSensorsStopped(T0, T0 + 1000, T0);
  fleet.record(reading(3), undefined, T0 + 900);
  fleet.record(reading(2), undefined, T0 + 60_000);
  expect(fleet.view(T0 + 60_000).map(({ execution_id: id, state }) => [id, state])).toEqual([
    ['before', 'silent'],
    ['e-1', 'gone'],
  ]);
  expect(fleet.summary(T0 + 60_000).total).toMatchObject({ live: 0, silent: 1, received: 4, gaps: 0, late: 1 });
});

test('a silent sensor whose host runs a newer submission of another job counts as replaced', () => {
  const fleet = new Fleet();
  fleet.record(reading(1), undefined, T0);
  fleet.record(reading(1, { execution_id: 'e-2', job_id: 'j-2', job_submission_time: 2 }), undefined, T0 + 60_000);
  expect(fleet.view(T0 + 60_001).map((s) => s.state)).toEqual(['replaced', 'live']);
});

test('where sensors are named by their executions, one of an older submission of its job counts as replaced', () => {
  const fleet = new Fleet();
  const unnamed = (id: string, submission: number) =>
    reading(1, { execution_id: id, hostname: id, job_submission_time: submission });
  for (const id of ['e-1', 'e-2']) fleet.record(unnamed(id, 1), undefined, T0);
  fleet.record(unnamed('e-3', 2), undefined, T0 + 60_000);
  expect(fleet.view(T0 + 60_001).map((s) => s.state)).toEqual(['replaced', 'replaced', 'live']);
  const named = reading(1, { execution_id: 'e-5', hostname: 'edge-eu-2' });
  fleet.record(named, undefined, T0 + 30_000);
  expect(fleet.view(T0 + 60_001).find((s) => s.execution_id === 'e-5')?.state).toBe('silent');
});

const at = (ms: number) => new Date(T0 + ms).toISOString();
const states = (fleet: Fleet, ms: number) => fleet.view(T0 + ms).map((s) => [s.execution_id, s.state]);

test('two nodes of one name are two sensors, also after one of them was cut off', () => {
  const fleet = new Fleet();
  const send = (id: string, sequence: number, ms: number, taken = ms) =>
    fleet.record(reading(sequence, { execution_id: id, timestamp: at(taken) }), undefined, T0 + ms);
  for (let n = 1; n <= 20; n++) for (const id of ['e-1', 'e-2']) send(id, n, n * 5000 + (id === 'e-1' ? 0 : 1));
  expect(fleet.countSince(1, T0 + 100_002)).toEqual({ eu: 2 });
  for (let n = 21; n <= 30; n++) send('e-1', n, n * 5000);
  expect(states(fleet, 150_001)).toEqual([
    ['e-1', 'live'],
    ['e-2', 'silent'],
  ]);
  send('e-2', 21, 151_000, 105_000);
  expect(fleet.countSince(1, T0 + 151_001)).toEqual({ eu: 2 });
});

test('an execution that was lost is replaced once it is silent and its successor sends; its late readings count', () => {
  const fleet = new Fleet();
  const send = (id: string, sequence: number, ms: number, taken = ms) =>
    fleet.record(reading(sequence, { execution_id: id, timestamp: at(taken) }), undefined, T0 + ms);
  send('e-1', 1, 0);
  // The link is cut for 100 s; what it kept comes first, then the successor begins.
  for (let n = 2; n <= 20; n++) send('e-1', n, 101_000, n * 5000);
  send('e-2', 1, 110_000);
  expect(states(fleet, 110_001).map(([, state]) => state)).toEqual(['live', 'live']);
  send('e-2', 2, 115_000);
  const replaced = [
    ['e-1', 'replaced'],
    ['e-2', 'live'],
  ];
  expect(states(fleet, 115_001)).toEqual(replaced);
  expect(send('e-1', 22, 116_000, 99_000)).toBe('ahead');
  expect(send('e-1', 21, 116_001, 98_000)).toBe('late');
  expect(states(fleet, 116_002)).toEqual(replaced);
  expect(fleet.summary(T0 + 116_002).total).toMatchObject({ live: 1, silent: 0, received: 24, late: 1 });
  send('e-1', 23, 117_000);
  expect(fleet.countSince(1, T0 + 117_001)).toEqual({ eu: 2 });
});

test('totals keep what forgotten sensors have counted, across a restart, too', () => {
  const fleet = new Fleet();
  for (const n of [1, 2, 5, 4, 4]) fleet.record(reading(n), undefined, T0);
  fleet.record(reading(1, { execution_id: 'e-2', job_submission_time: 2 }), undefined, T0 + 1);
  const counts = { received: 5, late: 1, duplicates: 1, gaps: 1 };
  const later = T0 + 700_000;
  expect(fleet.summary(later).total).toMatchObject(counts);
  fleet.prune(later);
  expect(fleet.view(later)).toHaveLength(1);
  expect(fleet.summary(later).regions).toMatchObject([{ region: 'eu', ...counts }]);
  const again = new Fleet();
  again.load(JSON.parse(JSON.stringify(fleet.dump())));
  again.prune(T0 + 90_000_000);
  expect(again.view(later)).toEqual([]);
  expect(again.summary(later).total).toMatchObject({ ...counts, live: 0, last_seen: T0 + 1 });
});

test('regions that anybody names take a bounded place once their sensors are forgotten', () => {
  const fleet = new Fleet();
  for (let n = 0; n < 2000; n++) fleet.record(reading(1, { region: `r${n}`, execution_id: `e${n}` }), undefined, T0);
  fleet.prune(T0 + 90_000_000);
  expect(fleet.summary(T0).regions.length).toBeLessThan(600);
  expect(fleet.summary(T0).total.received).toBe(2000);
});

test('a host has room for so many sensors: of thousands the newest stay, and what the others sent counts', () => {
  const fleet = new Fleet();
  const regions = ['eu', 'us'];
  // Each names another region later: it is found and forgotten all the same.
  for (let n = 0; n < 4_000; n++) {
    for (const [i, region] of regions.entries()) {
      const over = { execution_id: `e${n}`, region, hostname: n % 2 ? 'edge-eu-1' : 'Edge-eu-1' };
      fleet.record(reading(i + 1, over), undefined, T0 + n);
    }
  }
  const kept = fleet.view(T0 + 4_000);
  expect([kept.length, Math.min(...kept.map(({ last_seen }) => last_seen - T0))]).toEqual([64, 4_000 - 64]);
  expect(fleet.summary(T0 + 4_000).total.received).toBe(8_000);
  // A checkpoint of an earlier version, which kept them all.
  const [sensor] = fleet.dump().sensors;
  const sensors = Array.from({ length: 10_000 }, (_, n) => ({
    ...sensor!,
    reading: { ...sensor!.reading, execution_id: `old${n}` },
  }));
  const restored = new Fleet();
  restored.load({ sensors, retired: {} });
  expect([restored.view(T0).length, restored.summary(T0).total.received]).toEqual([64, 2 * 10_000]);
});

test('all together have a limit, too: those that were silent for longest are forgotten', () => {
  const fleet = new Fleet();
  for (let n = 0; n < 100_010; n++) {
    fleet.record(reading(1, { execution_id: `e${n}`, hostname: `e${n}`, job_id: `j${n}` }), undefined, T0 + n);
  }
  // The one that came first is heard of again.
  fleet.record(reading(2, { execution_id: 'e0', hostname: 'e0', job_id: 'j0' }), undefined, T0 + 100_010);
  fleet.prune(T0 + 100_010);
  const seen = fleet.dump().sensors.map(({ lastSeen }) => lastSeen);
  expect([seen.length, Math.min(...seen)]).toEqual([100_000, T0 + 11]);
});

test('regions with sensors keep their names, however many others were made up', () => {
  const fleet = new Fleet();
  for (let n = 0; n < 200; n++) {
    fleet.record(reading(1, { execution_id: `e${n}`, hostname: `h${n}`, region: `r${n}` }), undefined, T0 + n);
  }
  const later = T0 + 3_600_000;
  fleet.record(reading(1, { execution_id: 'new', hostname: 'new', region: 'new' }), undefined, later);
  const { regions, total } = fleet.summary(later);
  expect([regions.length, total.received]).toEqual([101, 201]);
  expect(regions.map(({ region }) => region)).toEqual(expect.arrayContaining(['new', 'other']));
});

test('a sensor that begins to count again has restarted: no duplicates, no gaps, and its old readings come late', () => {
  const fleet = new Fleet();
  for (const n of [1, 2, 4]) fleet.record(reading(n, { timestamp: at(n * 1000) }), undefined, T0 + n * 1000);
  expect(fleet.record(reading(1, { timestamp: at(9000) }), undefined, T0 + 9000)).toBe('next');
  expect(fleet.record(reading(3, { timestamp: at(3000) }), undefined, T0 + 9001)).toBe('late');
  expect(fleet.record(reading(2, { timestamp: at(10_000) }), undefined, T0 + 10_000)).toBe('next');
  expect(fleet.record(reading(2, { timestamp: at(10_000) }), undefined, T0 + 10_001)).toBe('duplicate');
  expect(fleet.view(T0 + 10_001)[0]).toMatchObject({
    restarts: 1,
    received: 6,
    duplicates: 1,
    late: 1,
    sequence: 2,
    gaps: 0,
  });
});

test('what the store did not have is no duplicate, in whatever order the runs of a sensor arrive', () => {
  const fleet = new Fleet();
  const run = (from: number, to: number, began: number) => {
    for (let n = from; n <= to; n++)
      fleet.record(reading(n, { timestamp: at(began + n * 1000) }), undefined, T0 + 300_000, true);
  };
  run(1, 5, 0);
  run(6, 10, 200_000);
  run(1, 5, 200_000);
  run(11, 12, 200_000);
  expect(fleet.summary(T0 + 300_000).total).toMatchObject({ received: 17, duplicates: 0, gaps: 0 });
  // What comes last of another run is not its newest reading.
  const { color } = fleet.view(T0 + 300_000)[0]!;
  fleet.record(reading(12, { timestamp: at(112_000), color: '#000000' }), undefined, T0 + 300_000, true);
  expect(fleet.view(T0 + 300_000)[0]).toMatchObject({ received: 18, color, restarts: 0 });
  run(13, 13, 200_000);
  expect(fleet.view(T0 + 300_000)[0]).toMatchObject({ received: 19, sequence: 13, restarts: 0, unaccounted: 0 });
});

test('dumped and loaded again, as across a restart, a sensor goes on without a gap', () => {
  const before = new Fleet();
  for (const n of [1, 2, 3, 5, 6]) before.record(reading(n), undefined, T0);
  const fleet = new Fleet();
  fleet.load(JSON.parse(JSON.stringify(before.dump())));
  const arrivals = [7, 4, 5, 1].map((n) => fleet.record(reading(n), undefined, T0 + 1));
  expect(arrivals).toEqual(['next', 'late', 'duplicate', 'duplicate']);
  expect(fleet.summary(T0 + GAP_GRACE_MS * 2).total).toMatchObject({ received: 7, gaps: 0, duplicates: 2 });
});

test('what came before the view began is no gap, after a restart neither, and when that was moves with the clock', () => {
  const before = new Fleet();
  before.began = T0 - 10;
  for (const n of [5, 6]) before.record(reading(n), undefined, T0);
  before.shiftTimes(3000, T0);
  expect(before.dump().began).toBe(T0 - 10);
  before.shiftTimes(3000);
  expect(before.dump().began).toBe(T0 + 2990);
  const fleet = new Fleet();
  fleet.load(JSON.parse(JSON.stringify(before.dump())));
  expect(fleet.summary(T0 + GAP_GRACE_MS * 2).total.gaps).toBe(0);
  expect([6, 3, 7].map((n) => fleet.record(reading(n), undefined, T0))).toEqual(['duplicate', 'late', 'next']);
  expect(fleet.dump()).toMatchObject({ began: T0 + 2990, sensors: [{ first: 3 }] });
  const all = new Fleet();
  all.shiftTimes(3000);
  expect(all.dump()).not.toHaveProperty('began');
});
