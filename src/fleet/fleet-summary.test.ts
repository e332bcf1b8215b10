import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { Fleet } from './fleet.js';

const T0 = 1_750_000_000_000;

/** A sensor of its own host, which sends every second unless told otherwise. */
function send(
  fleet: Fleet,
  name: string,
  over: Partial<Reading> = {},
  config: Partial<ReportedConfig> = {},
  now = T0,
): void {
  const reading = {
    ...{ job_id: 'j', execution_id: name, hostname: name, icon_name: '🚀', color: '#111111', region: 'eu' },
    ...{ sequence: 1, timestamp: new Date(now).toISOString(), job_submission_time: 1 },
    ...over,
  };
  const all = { version: 0, sources: {} as never, file: 'none' as const, intervalMs: 1000, paused: false, ...config };
  fleet.record(reading, all, now);
}

const region = (fleet: Fleet, now = T0) => fleet.summary(now).regions[0]!;

test('regions come as people name them, the others by name, and the total has the newest reading of all', () => {
  const fleet = new Fleet();
  for (const [i, name] of ['zz', 'as', 'aa', 'eu', 'us'].entries()) send(fleet, name, { region: name }, {}, T0 + i);
  send(fleet, 'late', { region: 'zz' }, {}, T0 - 5);
  const { regions, total } = fleet.summary(T0 + 10);
  expect(regions.map(({ region: name }) => name)).toEqual(['us', 'eu', 'as', 'aa', 'zz']);
  expect([total.live, total.received, total.last_seen]).toEqual([6, 6, T0 + 4]);
});

test('of the colours of live sensors the five commonest are shown, the commonest first', () => {
  const fleet = new Fleet();
  const colors = ['#1', '#2', '#2', '#3', '#3', '#3', '#4', '#4', '#4', '#4', '#5', '#5', '#5', '#5', '#5', '#6'];
  for (const [i, color] of [...colors, ...Array(6).fill('#6')].entries()) send(fleet, `s${i}`, { color });
  // Who shows no colour now does not count.
  for (let i = 0; i < 9; i++) send(fleet, `paused${i}`, { color: '#9' }, { paused: true });
  expect(region(fleet).colors).toEqual([
    { color: '#6', sensors: 7 },
    { color: '#5', sensors: 5 },
    { color: '#4', sensors: 4 },
    { color: '#3', sensors: 3 },
    { color: '#2', sensors: 2 },
  ]);
});

test('the interval of a region is that of its quickest sensor that should send', () => {
  const fleet = new Fleet();
  send(fleet, 'paused', {}, { intervalMs: 50, paused: true });
  expect(region(fleet)).toMatchObject({ interval_ms: 0, live: 0, paused: 1 });
  expect(fleet.summary(T0).total).toMatchObject({ live: 0, paused: 1 });
  send(fleet, 'slow', {}, { intervalMs: 9000 });
  send(fleet, 'quick', {}, { intervalMs: 2000 });
  send(fleet, 'other', {}, { intervalMs: 3000 });
  expect(region(fleet)).toMatchObject({ interval_ms: 2000, live: 3 });
  expect(region(fleet, T0 + 15_000)).toMatchObject({ interval_ms: 2000, live: 1, silent: 2 });
});

test('a sensor is live for exactly as long as its interval explains', () => {
  const fleet = new Fleet();
  send(fleet, 'a');
  const state = (ms: number) => fleet.view(T0 + ms)[0]?.state;
  // Two intervals and three seconds.
  expect([state(5000), state(5001)]).toEqual(['live', 'silent']);
  expect([state(600_000), state(600_001)]).toEqual(['silent', 'gone']);
});

test('a very slow sensor is not gone before its own patience is over', () => {
  const fleet = new Fleet();
  send(fleet, 'daily', {}, { intervalMs: 86_400_000 });
  const patience = 2 * 86_400_000 + 3000;
  expect([T0 + patience, T0 + patience + 1].map((now) => fleet.view(now)[0]?.state)).toEqual(['live', 'gone']);
});

test('a reading without reported configuration leaves what was reported before', () => {
  const fleet = new Fleet();
  send(fleet, 'a', {}, { version: 7, paused: true });
  const plain = { ...{ job_id: 'j', execution_id: 'a', hostname: 'a', icon_name: '', color: '', region: 'eu' } };
  fleet.record(
    { ...plain, sequence: 2, timestamp: new Date(T0 + 1).toISOString(), job_submission_time: 1 },
    undefined,
    T0 + 1,
  );
  expect(fleet.view(T0 + 1)[0]).toMatchObject({ state: 'paused', sequence: 2, config: { version: 7 } });
});

test('paused sensors count among those that a deployment has reached, silent ones do not', () => {
  const fleet = new Fleet();
  send(fleet, 'live');
  send(fleet, 'paused', { region: 'us' }, { paused: true });
  expect(fleet.countSince(1, T0)).toEqual({ eu: 1, us: 1 });
  expect(fleet.countSince(1, T0 + 60_000)).toEqual({ us: 1 });
});

test('when a sensor was last seen never goes back with a clock', () => {
  const fleet = new Fleet();
  send(fleet, 'a', { sequence: 1 }, {}, T0 + 100);
  send(fleet, 'a', { sequence: 2 }, {}, T0);
  expect(fleet.view(T0 + 100)[0]?.last_seen).toBe(T0 + 100);
});

test('a view that has heard nothing counts nothing', () => {
  const counts = ['live', 'paused', 'silent', 'rate', 'received', 'duplicates', 'late', 'gaps', 'dropped', 'waiting'];
  const total = Object.fromEntries([...counts, 'unaccounted', 'last_seen'].map((name) => [name, 0]));
  expect(new Fleet().summary(T0).total).toEqual(total);
});

test('the newest arrival is that of whichever sensor', () => {
  const fleet = new Fleet();
  expect(fleet.lastSeen).toBe(0);
  send(fleet, 'a', {}, {}, T0 + 100);
  send(fleet, 'b', {}, {}, T0);
  expect(fleet.lastSeen).toBe(T0 + 100);
});

test('after the clock was set back, seconds that come again do not count twice', () => {
  const fleet = new Fleet();
  send(fleet, 'a', {}, {}, T0 + 500);
  fleet.shiftTimes(-1000);
  send(fleet, 'a', { sequence: 2 }, {}, T0 + 500);
  expect(fleet.summary(T0 + 1000).total.rate).toBe(0.2);
});

test('the end of a network is the end of those heard of at that very moment, too', () => {
  const fleet = new Fleet();
  send(fleet, 'a', {}, {}, T0);
  fleet.markSensorsStopped(T0 + 1, T0 + 1000, T0 + 1);
  expect(fleet.view(T0 + 1)[0]?.state).toBe('live');
  fleet.markSensorsStopped(T0, T0 + 1000, T0);
  expect(fleet.view(T0 + 1)[0]?.state).toBe('gone');
});

test('an ended sensor whose clock is ahead is gone as long as nothing comes after its end', () => {
  const fleet = new Fleet();
  send(fleet, 'a', { timestamp: new Date(T0 + 3_600_000).toISOString() });
  fleet.markJobsStopped(['j'], T0 + 1);
  expect(fleet.view(T0 + 2)[0]?.state).toBe('gone');
});

test('readings without a time count by their numbers: one that comes again is a duplicate, no restart', () => {
  const fleet = new Fleet();
  send(fleet, 'a', { timestamp: '' });
  send(fleet, 'a', { timestamp: '2025-01-01T00:00:00Z' });
  expect(fleet.view(T0)[0]).toMatchObject({ restarts: 0, duplicates: 1, received: 1 });
});

test('a hundred regions keep their own counts once their sensors are forgotten, more share one', () => {
  const fleet = new Fleet();
  const names = Array.from({ length: 102 }, (_, i) => `r${i}`);
  const later = T0 + 86_400_000;
  for (const name of names) send(fleet, name, { region: name });
  fleet.prune(later);
  // A region that has its own keeps it.
  send(fleet, 'again', { region: 'r0' });
  fleet.prune(later);
  const { regions } = fleet.summary(later);
  const received = (name: string) => regions.find(({ region: of }) => of === name)?.received;
  expect(regions).toHaveLength(101);
  expect([received('r0'), received('r99'), received('r100'), received('other')]).toEqual([2, 1, undefined, 2]);
});

test('a sensor is forgotten after a day, one that was replaced after ten minutes', () => {
  const fleet = new Fleet();
  send(fleet, 'old', { hostname: 'h' });
  send(fleet, 'new', { hostname: 'h', job_submission_time: 2 });
  const known = (ms: number) => {
    fleet.prune(T0 + ms);
    return fleet.view(T0 + ms).map(({ execution_id }) => execution_id);
  };
  expect([known(599_999), known(600_000)]).toEqual([['old', 'new'], ['new']]);
  expect([known(86_399_999), known(86_400_000)]).toEqual([['new'], []]);
});

test('the newest submission of a place stays the newest when an older one sends later, of whatever job', () => {
  const fleet = new Fleet();
  const on = (name: string, region: string, job_submission_time: number, now: number) =>
    send(fleet, name, { hostname: 'h', region, job_submission_time }, {}, now);
  on('silent', 'as', 4, T0);
  on('newest', 'us', 5, T0 + 60_000);
  on('oldest', 'eu', 3, T0 + 60_001);
  const states = fleet.view(T0 + 60_002).map(({ execution_id: id, state }) => [id, state]);
  expect(states.sort()).toEqual([
    ['newest', 'live'],
    ['oldest', 'live'],
    ['silent', 'replaced'],
  ]);
});

test('jobs that were submitted by hand follow one another only by their ids', () => {
  const fleet = new Fleet();
  const byHand = { hostname: 'h', job_submission_time: 0 };
  const later = { ...byHand, job_id: 'other', timestamp: new Date(T0 + 10_000).toISOString() };
  send(fleet, 'first', { ...byHand, job_id: 'one' });
  send(fleet, 'second', later, {}, T0 + 10_000);
  send(fleet, 'second', { ...later, sequence: 2 }, {}, T0 + 11_000);
  expect(fleet.view(T0 + 11_000).find(({ execution_id: id }) => id === 'first')?.state).toBe('silent');
  const same = { ...later, job_id: 'one' };
  send(fleet, 'third', same, {}, T0 + 10_000);
  send(fleet, 'third', { ...same, sequence: 2 }, {}, T0 + 11_000);
  expect(fleet.view(T0 + 11_000).find(({ execution_id: id }) => id === 'first')?.state).toBe('replaced');
});

test('a sensor that is forgotten stands in nobody’s way: an older submission may come back', () => {
  const fleet = new Fleet();
  send(fleet, 'new', { hostname: 'h', job_submission_time: 2 });
  const later = T0 + 86_400_000;
  fleet.prune(later);
  send(fleet, 'old', { hostname: 'h', job_submission_time: 1 }, {}, later);
  expect(fleet.view(later)).toMatchObject([{ execution_id: 'old', state: 'live' }]);
  expect(fleet.view(later + 60_000)).toMatchObject([{ execution_id: 'old', state: 'silent' }]);
});

test('a late reading shows nothing of how the sensor is now', () => {
  const fleet = new Fleet();
  send(fleet, 'a', { sequence: 1 });
  send(fleet, 'a', { sequence: 3, color: '#new' }, { version: 3 });
  send(fleet, 'a', { sequence: 2, color: '#old' }, { version: 2, paused: true });
  expect(fleet.view(T0)[0]).toMatchObject({
    color: '#new',
    config: { version: 3 },
    state: 'live',
    sequence: 3,
    late: 1,
  });
});

test('sensors of one host come in the order in which they were first seen', () => {
  const fleet = new Fleet();
  send(fleet, 'second', { hostname: 'h' }, {}, T0 + 5);
  // Heard of later, by a clock that has gone back.
  send(fleet, 'first', { hostname: 'h' }, {}, T0);
  expect(fleet.view(T0 + 5).map(({ execution_id: id }) => id)).toEqual(['first', 'second']);
});

test('an execution that came back among others of its name can be followed again', () => {
  const fleet = new Fleet();
  const at = (name: string, sequence: number, ms: number) =>
    send(fleet, name, { hostname: 'h', sequence, timestamp: new Date(T0 + ms).toISOString() }, {}, T0 + ms);
  at('lost', 1, 0);
  at('successor', 1, 6000);
  at('successor', 2, 7000);
  const states = (ms: number) => Object.fromEntries(fleet.view(T0 + ms).map((s) => [s.execution_id, s.state]));
  expect(states(7000)).toEqual({ lost: 'replaced', successor: 'live' });
  at('lost', 2, 8000);
  expect(states(8000)).toEqual({ lost: 'live', successor: 'live' });
  at('third', 1, 14_000);
  at('third', 2, 14_001);
  expect(states(14_001)).toMatchObject({ lost: 'replaced', third: 'live' });
});

test('a region is shown with its counts, and with nothing for sensors that are replaced or gone', () => {
  const fleet = new Fleet();
  send(fleet, 'old', { hostname: 'h', color: '#1' });
  send(fleet, 'new', { hostname: 'h', color: '#2', job_submission_time: 2 });
  send(fleet, 'stopped', { job_id: 'j-2' });
  fleet.markJobsStopped(['j-2'], T0);
  expect(region(fleet, T0 + 1000)).toEqual({
    ...{ region: 'eu', cut: false, live: 1, paused: 0, silent: 0, rate: 0.6 },
    ...{
      received: 3,
      duplicates: 0,
      late: 0,
      gaps: 0,
      dropped: 0,
      waiting: 0,
      unaccounted: 0,
      last_seen: T0,
      interval_ms: 1000,
    },
    colors: [{ color: '#2', sensors: 1 }],
  });
});

test('a region without sensors that send has no colours', () => {
  const fleet = new Fleet();
  send(fleet, 'paused', {}, { paused: true });
  expect(region(fleet).colors).toEqual([]);
});

test('a duplicate does not count for the rate', () => {
  const fleet = new Fleet();
  send(fleet, 'a');
  send(fleet, 'a');
  expect(fleet.summary(T0 + 1000).total).toMatchObject({ rate: 0.2, received: 1, duplicates: 1 });
});

test('sensors come by region first, and by host then', () => {
  const fleet = new Fleet();
  send(fleet, '1', { region: 'us', hostname: 'a' });
  send(fleet, '2', { region: 'eu', hostname: 'c' });
  send(fleet, '3', { region: 'eu', hostname: 'b' });
  expect(fleet.view(T0).map(({ execution_id: id }) => id)).toEqual(['3', '2', '1']);
});

test('sensors of older submissions do not count for a deployment', () => {
  const fleet = new Fleet();
  send(fleet, 'old');
  send(fleet, 'new', { job_submission_time: 2 });
  expect([fleet.countSince(1, T0), fleet.countSince(2, T0), fleet.countSince(3, T0)]).toEqual([
    { eu: 2 },
    { eu: 1 },
    {},
  ]);
});

test('convergence is that of the sensors in their states of now', () => {
  const fleet = new Fleet();
  send(fleet, 'a', { color: '#00ff88' }, { version: 7, sources: { color: 'fleet' } as never });
  send(fleet, 'b', { region: 'us' });
  const desired = { version: 7, fleet: { version: 7, color: '#00ff88' }, regions: {}, hosts: {} };
  expect(fleet.convergence({ desired, scope: {} }, T0)).toEqual({
    ...{ sensors: 2, converged: 1, gone: 0, newest: 7 },
    pending: [{ hostname: 'b', region: 'us', state: 'live' }],
  });
  expect(fleet.convergence({ desired, scope: {} }, T0 + 700_000)).toMatchObject({ sensors: 0, gone: 0 });
});
