/** What the puller knows of one execution (a sensor): its newest reading, which numbers have come, when; and what follows from it. */
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { type Arrival, SequenceTracker } from './sequence-tracker.js';

/** Queues deliver out of order: a missing number counts as a gap only after this time. */
export const GAP_GRACE_MS = 5_000;
/** The interval of a sensor that does not report one. */
const DEFAULT_INTERVAL_MS = 5_000;
/** A sensor is silent when its reading is overdue by one interval and this time. */
const SILENCE_SLACK_MS = 3_000;

/** A clock that is further ahead than before was wrong for a moment: what it says is no reason to begin anew. */
const CLOCK_TOLERANCE_MS = 300_000;

/** Part of the stored checkpoint: names of fields must not change. */
export interface SensorRecord {
  /** The newest reading. */
  reading: Reading;
  tracker: SequenceTracker;
  received: number;
  duplicates: number;
  late: number;
  restarts: number;
  /** Timestamp of the newest reading. ISO 8601 texts compare like times. */
  newestTimestamp: string;
  /** Timestamp of the first reading since the last restart. */
  beganAt: string;
  firstSeen: number;
  lastSeen: number;
  config: ReportedConfig | undefined;
  replaced: boolean;
  /** Latest time at which its job was stopped on purpose; left out while the job runs. */
  endedAt?: number;
}

/**
 * `began`: when the fleet view began. What a sensor of an earlier deployment sent before was not lost: its numbers count
 * from the first one that arrives.
 */
export const newSensorRecord = (reading: Reading, now: number, began = 0): SensorRecord => ({
  reading,
  tracker: reading.job_submission_time < began ? SequenceTracker.from(reading.sequence) : new SequenceTracker(),
  received: 0,
  duplicates: 0,
  late: 0,
  restarts: 0,
  newestTimestamp: '',
  beganAt: '',
  firstSeen: now,
  lastSeen: now,
  config: undefined,
  replaced: false,
});

/**
 * Records a reading and its time of arrival. A restarted node runs the same execution again and counts from 1: a known
 * number with the newest timestamp so far means a restart. Readings from before the restart are late and do not change
 * the numbers of the new run.
 */
export function recordReading(
  sensor: SensorRecord,
  reading: Reading,
  config: ReportedConfig | undefined,
  now: number,
): Arrival {
  const arrival = recordNumber(sensor, reading, now);
  if (arrival === 'duplicate') {
    sensor.duplicates++;
    return arrival;
  }
  sensor.received++;
  if (arrival === 'late') sensor.late++;
  if (reading.sequence === sensor.tracker.highest && reading.timestamp >= sensor.beganAt) {
    sensor.newestTimestamp = reading.timestamp;
    sensor.reading = reading;
    if (config) sensor.config = config;
  }
  sensor.lastSeen = Math.max(sensor.lastSeen, now);
  return arrival;
}

function recordNumber(sensor: SensorRecord, { sequence, timestamp }: Reading, now: number): Arrival {
  if (timestamp < sensor.beganAt) return 'late';
  const known = sequence <= sensor.tracker.highest && sensor.newestTimestamp !== '';
  if (known && timestamp > sensor.newestTimestamp && !isFromWrongClock(sensor, timestamp, now)) {
    sensor.tracker = new SequenceTracker();
    sensor.restarts++;
    sensor.beganAt = timestamp;
  }
  return sensor.tracker.record(sequence, now);
}

/** A node whose clock is ahead all the time may restart like any other. */
function isFromWrongClock(sensor: SensorRecord, timestamp: string, now: number): boolean {
  const usual = Math.max(0, Date.parse(sensor.newestTimestamp) - sensor.lastSeen);
  return Date.parse(timestamp) - now > usual + CLOCK_TOLERANCE_MS;
}

export const intervalOf = (sensor: SensorRecord): number => sensor.config?.intervalMs ?? DEFAULT_INTERVAL_MS;

/** The sensor is silent after this many milliseconds without a reading. */
export const silenceLimitOf = (sensor: SensorRecord): number => 2 * intervalOf(sensor) + SILENCE_SLACK_MS;

export const isSilent = (sensor: SensorRecord, now: number): boolean => now - sensor.lastSeen > silenceLimitOf(sensor);

/**
 * Its job was stopped, and no reading shows that the sensor still runs. A reading that was taken before the stop proves
 * nothing, even when it arrives much later.
 */
export const isStopped = ({ endedAt, lastSeen, reading }: SensorRecord): boolean =>
  endedAt !== undefined && (lastSeen <= endedAt || Date.parse(reading.timestamp) <= endedAt);

/** Moves what was measured by our clock; timestamps are the sensor's own. */
export function shiftTimes(sensor: SensorRecord, by: number): void {
  sensor.firstSeen += by;
  sensor.lastSeen += by;
  if (sensor.endedAt !== undefined) sensor.endedAt += by;
  for (const range of sensor.tracker.missing) range.since += by;
}

/** Numbers missing for at least {@link GAP_GRACE_MS}. */
export const gapsOf = (sensor: SensorRecord, now: number): number => sensor.tracker.missingSince(now - GAP_GRACE_MS);
