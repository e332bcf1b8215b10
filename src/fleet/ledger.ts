/**
 * The ledger of an execution: the readings that it has taken are stored, waiting, or given up. It goes by what the sensor
 * reports, and by its interval where it can't report any more.
 */
import type { SensorState } from './fleet-view.js';
import type { SensorRecord } from './sensor-record.js';

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

/** `endedAt`: of an execution that delivers no more (Unix milliseconds, as `now`). */
export function outstandingOf(
  sensor: SensorRecord,
  state: SensorState,
  { endedAt, now }: { endedAt: number | undefined; now: number },
): Outstanding {
  const lost = sensor.lost ?? 0;
  if (endedAt !== undefined) return { waiting: 0, unaccounted: lost + keptBy(sensor, endedAt) };
  // What a live sensor has taken last is on its way.
  return { waiting: state === 'silent' ? keptBy(sensor, now) : reportedBy(sensor), unaccounted: lost };
}

/** Readings after the newest stored one that a sensor has taken by this time (Unix milliseconds) at most. */
export function keptBy(sensor: SensorRecord, time: number): number {
  return Math.max(reportedBy(sensor, time), takenSince(sensor, time));
}

/** What it reports after this time counts readings that it has taken after it. */
function reportedBy({ taken, tracker, config }: SensorRecord, time = Number.POSITIVE_INFINITY): number {
  return taken && (taken.at <= time || !config) ? Math.max(0, taken.count - tracker.highest) : 0;
}

function takenSince(sensor: SensorRecord, time: number): number {
  const { config, newestTimestamp, tracker, clockAheadMs = 0 } = sensor;
  // A sensor that reports no interval may take none.
  if (!config || config.paused) return 0;
  const elapsed = time + clockAheadMs - Date.parse(newestTimestamp);
  if (!(elapsed > 0)) return 0;
  // The second reading comes after a part of the interval.
  return Math.floor(elapsed / config.intervalMs) + (tracker.highest === 1 ? 1 : 0);
}
