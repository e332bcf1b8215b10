/**
 * The ledger of an execution: the readings that it has taken are stored, waiting, or given up. It goes by what the sensor
 * reports, and by its interval where it can't report any more.
 */
import type { ReadingTotals, SensorState } from './fleet-view.js';
import { timeOfSensor } from './sensor-clock.js';
import type { SensorRecord } from './sensor-record.js';

/** What a sensor is told to do at most; others may report anything. */
const SHORTEST_INTERVAL_MS = 50;
/** As long as silent sensors are remembered. */
const COUNTED_MS = 86_400_000;

/** Queues deliver out of order: a missing number counts as a gap only after this time. */
export const GAP_GRACE_MS = 5_000;

/**
 * What a sensor adds to the counts of its region. All times are Unix milliseconds. `endedAt`: of an execution that delivers no
 * more, by its own clock; what it kept, and its earlier runs, are unaccounted. `relayedSince`: its readings may be at a relay of
 * the region since then, and count as waiting; one that a sensor has dropped is at none.
 */
export function readingsOf(
  sensor: SensorRecord,
  state: SensorState,
  { endedAt, relayedSince, now }: { endedAt: number | undefined; relayedSince: number | undefined; now: number },
): ReadingTotals {
  const { received, duplicates, late, dropped = 0, lost = 0, lastSeen: last_seen, tracker } = sensor;
  // What a live sensor has taken last is on its way.
  const until = endedAt ?? (state === 'silent' ? timeOfSensor(sensor, now) : undefined);
  const kept = until === undefined ? reportedBy(sensor) : keptBy(sensor, until);
  const missing = tracker.missingSince(now - GAP_GRACE_MS);
  const isGone = endedAt !== undefined && relayedSince === undefined;
  const known = relayedSince === undefined ? missing : Math.max(tracker.missingSince(relayedSince - 1), dropped);
  const gaps = Math.min(missing, known);
  const [waiting, unaccounted] = isGone ? [0, lost + kept] : [kept + missing - gaps, lost];
  return { received, duplicates, late, gaps, dropped, waiting, unaccounted, last_seen };
}

/** Readings after the newest stored one that a sensor has taken by this time of its clock at most. */
export function keptBy(sensor: SensorRecord, time: number): number {
  const { newestTimestamp, tracker } = sensor;
  // The second reading comes after a part of the interval.
  const second = tracker.highest === 1 ? 1 : 0;
  const sinceNewest = takenWithin(sensor, time - Date.parse(newestTimestamp), second);
  return Math.max(reportedBy(sensor, time), sinceNewest);
}

/** What it reports after this time counts readings that it has taken after it. */
function reportedBy(sensor: SensorRecord, time?: number): number {
  const { taken, tracker, config } = sensor;
  if (!taken) return 0;
  const elapsed = time === undefined || !config ? 0 : time - timeOfSensor(sensor, taken.at);
  return elapsed < 0 ? 0 : Math.max(0, taken.count + takenWithin(sensor, elapsed) - tracker.highest);
}

function takenWithin({ config }: SensorRecord, ms: number, first = 0): number {
  // A sensor that reports no interval may take none.
  if (!config || config.paused || !(ms > 0)) return 0;
  return first + Math.floor(Math.min(ms, COUNTED_MS) / Math.max(config.intervalMs, SHORTEST_INTERVAL_MS));
}
