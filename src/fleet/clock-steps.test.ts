/** The clock of this machine is set forward or back: nothing that the fleet view says changes. */
import { expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { Fleet } from './fleet.js';

const T0 = 1_750_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function send(fleet: Fleet, name: string, sequence: number, now: number, intervalMs = 1000): void {
  const reading: Reading = {
    ...{ job_id: `j-${name}`, execution_id: name, hostname: name, icon_name: '', color: '#111111', region: 'eu' },
    ...{ sequence, timestamp: new Date(now).toISOString(), job_submission_time: 1 },
  };
  const config: ReportedConfig = { version: 0, sources: {} as never, file: 'none', intervalMs, paused: false };
  fleet.record(reading, config, now);
}

/** Sensors in every state, one of which misses numbers that count as gaps, and one whose grace time still runs. */
function fleetAt(now: number): Fleet {
  const fleet = new Fleet();
  send(fleet, 'forgotten', 1, now - DAY - 1000);
  fleet.prune(now);
  send(fleet, 'gone', 1, now - HOUR);
  send(fleet, 'silent', 1, now - 10_000);
  send(fleet, 'gaps', 5, now - 20_000, 60_000);
  send(fleet, 'stopped', 1, now - 2000);
  fleet.markJobsStopped(['j-stopped'], now - 1000);
  send(fleet, 'live', 1, now - 1000);
  send(fleet, 'live', 3, now);
  return fleet;
}

test.each([
  ['25 hours ahead', 25 * HOUR],
  ['two days ahead', 2 * DAY],
  ['an hour back', -HOUR],
  ['years back', -20 * 365 * DAY],
])('a clock that is set %s makes no sensor silent, gone or forgotten, and no gaps', (_, by) => {
  const before = fleetAt(T0);
  const fleet = fleetAt(T0);
  fleet.shiftTimes(by);
  const now = T0 + by;
  fleet.prune(now);
  const shown = (all: Fleet, at: number) =>
    all.view(at).map((s) => [s.hostname, s.state, s.gaps, at - s.first_seen, at - s.last_seen]);
  expect(shown(fleet, now)).toEqual(shown(before, T0));
  expect(fleet.view(now).map(({ hostname, state }) => `${hostname} ${state}`)).toEqual(
    expect.arrayContaining(['gone gone', 'silent silent', 'gaps live', 'stopped gone', 'live live']),
  );
  const { total } = fleet.summary(now);
  expect([total.received, total.gaps, now - total.last_seen]).toEqual([7, 4, 0]);
  // And it goes on from there: who sends is live, who does not falls silent in its time; one whose job was stopped is gone.
  send(fleet, 'live', 4, now + 500);
  send(fleet, 'stopped', 2, now + 500);
  const later = Object.fromEntries(fleet.view(now + 6000).map((s) => [s.hostname, s.state]));
  expect(later).toMatchObject({ live: 'silent', stopped: 'gone', gaps: 'live' });
  expect(fleet.summary(now + 6000).total.gaps).toBe(5);
});

/** The state of each after versions were submitted while the clock was as far ahead. */
function statesAfter(versions: [submitted: number, aheadMs: number][]): string[] {
  let fleet = new Fleet();
  let ahead = 0;
  versions.forEach(([submitted, by], i) => {
    const now = T0 + i * 10_000 + by;
    if (by !== ahead) fleet.shiftTimes(by - ahead);
    ahead = by;
    const reading: Reading = {
      ...{ job_id: 'j', execution_id: `v${i}`, hostname: 'h', icon_name: '', color: '#111111', region: 'eu' },
      ...{ sequence: 1, timestamp: new Date(now).toISOString(), job_submission_time: submitted },
    };
    fleet.record(reading, undefined, now);
    const dump = fleet.dump();
    fleet = new Fleet();
    fleet.load(structuredClone(dump));
  });
  return fleet.view(T0 + versions.length * 10_000 + ahead).map(({ state }) => state);
}

test('a version that was submitted while the clock was ahead is replaced by the next one', () => {
  const ahead = 8 * HOUR;
  expect(
    statesAfter([
      [T0, 0],
      [T0 + 9000 + ahead, ahead],
      [T0 + 19_000, 0],
    ]),
  ).toEqual(['replaced', 'replaced', 'live']);
  // One that is submitted while the clock is behind is newer than all that are known (`operations/deploy`).
  expect(
    statesAfter([
      [T0, 0],
      [T0 + 1, -ahead],
      [T0 + 2, -ahead],
    ]),
  ).toEqual(['replaced', 'replaced', 'live']);
  expect(
    statesAfter([
      [T0, 0],
      [T0 + 1, -ahead],
      [T0 + 19_000, 0],
    ]),
  ).toEqual(['replaced', 'replaced', 'live']);
});
