/**
 * The ledger of an execution: the readings that it has taken are stored, waiting, or given up. It goes by what the sensor
 * reports, and by its interval where it can't report any more.
 */
import type { SensorState } from './fleet-view.js';
import { timeOfSensor } from './sensor-clock.js';
import type { SensorRecord } from './sensor-record.js';

/** What a sensor is told to do at most; others may report anything. */
const SHORTEST_INTERVAL_MS = 50;
/** As long as silent sensors are remembered. */
const COUNTED_MS = 86_400_000;

/** Readings that were taken and are not in the store, beside gaps. */
export interface Outstanding {
  /** Kept by a sensor that runs, and may deliver them. */
  waiting: number;
  /**
   * Of an execution that has ended, and of earlier runs of one that was started again: what may have been taken and never
   * came. No more than these are missing.
   */
  unaccounted: number;
}

/** `endedAt`: of an execution that delivers no more, by its own clock. `now`: by ours. Unix milliseconds. */
export function outstandingOf(
  sensor: SensorRecord,
  state: SensorState,
  { endedAt, now }: { endedAt: number | undefined; now: number },
): Outstanding {
  const lost = sensor.lost ?? 0;
  if (endedAt !== undefined) return { waiting: 0, unaccounted: lost + keptBy(sensor, endedAt) };
  // What a live sensor has taken last is on its way.
  const waiting = state === 'silent' ? keptBy(sensor, timeOfSensor(sensor, now)) : reportedBy(sensor);
  return { waiting, unaccounted: lost };
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
