/** What the puller knows of one execution (a sensor): its newest reading, which numbers have come, when; and what follows from it. */
import type { Reading } from '../protocol/message.js';
import type { ReadingCounts, ReportedConfig } from '../protocol/sensor-config.js';
import { keptBy } from './ledger.js';
import { type Arrival, SequenceTracker } from './sequence-tracker.js';

/** Queues deliver out of order: a missing number counts as a gap only after this time. */
export const GAP_GRACE_MS = 5_000;
/** The interval of a sensor that does not report one. */
const DEFAULT_INTERVAL_MS = 5_000;
/** A sensor is silent when its reading is overdue by one interval and this time. */
const SILENCE_SLACK_MS = 3_000;

/** A stop takes less. */
const STOPPING_MS = 120_000;

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
  /** Readings that it has reported to have taken since it began to count, and when. */
  taken?: { count: number; at: number };
  /** Those of them that it has dropped. */
  dropped?: number;
  /** Readings of earlier runs that may have been taken, and never came. */
  lost?: number;
  /** Shortest time from when a reading was taken, by the sensor's clock, until it came, by ours: how far its clock is behind. */
  behindMs?: number;
  /** When what replaced it was submitted, or began; Unix milliseconds. */
  replacedAt?: number;
  /** Latest time at which its job was stopped on purpose; left out while the job runs. */
  endedAt?: number;
  /** When it was asked to stop. What it takes after that nobody waits for. */
  stoppingAt?: number;
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
  const arrival = recordNumber(sensor, reading, config?.counts, now);
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
    const behindMs = now - Date.parse(reading.timestamp);
    if (behindMs < (sensor.behindMs ?? Number.POSITIVE_INFINITY)) sensor.behindMs = behindMs;
  }
  if (config?.counts && reading.timestamp >= sensor.beganAt) {
    if (config.counts.taken > (sensor.taken?.count ?? 0)) sensor.taken = { count: config.counts.taken, at: now };
    sensor.dropped = Math.max(config.counts.dropped, sensor.dropped ?? 0);
  }
  sensor.lastSeen = Math.max(sensor.lastSeen, now);
  return arrival;
}

function recordNumber(
  sensor: SensorRecord,
  { sequence, timestamp }: Reading,
  counts: ReadingCounts | undefined,
  now: number,
): Arrival {
  if (timestamp < sensor.beganAt) {
    if (sensor.lost) sensor.lost--;
    return 'late';
  }
  const isKnown = sequence <= sensor.tracker.highest && sensor.newestTimestamp !== '';
  // Of one that has dropped many, the first number that arrives may be higher than those of the run before.
  const began = counts ? new Date(counts.began).toISOString() : isKnown ? timestamp : '';
  const newest = sensor.newestTimestamp;
  const restarted = newest !== '' && began > newest && began <= timestamp;
  if (restarted && !isFromWrongClock(sensor, timestamp, now)) {
    const lost = (sensor.lost ?? 0) + keptBy(sensor, Date.parse(began) - 1) + sensor.tracker.missingSince();
    if (lost > 0) sensor.lost = lost;
    sensor.tracker = new SequenceTracker();
    delete sensor.taken;
    sensor.restarts++;
    sensor.beganAt = began;
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

/** `asked`: when it was asked to stop; `ended`: the latest time at which it has stopped. Unix milliseconds. */
export function markStopped(sensor: SensorRecord, asked: number, ended: number): void {
  // Told again while it stops.
  if (asked - (sensor.stoppingAt ?? 0) > STOPPING_MS) sensor.stoppingAt = asked;
  sensor.endedAt = ended;
}

/** Moves what was measured by our clock; timestamps are the sensor's own. */
export function shiftTimes(sensor: SensorRecord, by: number): void {
  sensor.firstSeen += by;
  sensor.lastSeen += by;
  if (sensor.endedAt !== undefined) sensor.endedAt += by;
  if (sensor.stoppingAt !== undefined) sensor.stoppingAt += by;
  if (sensor.taken) sensor.taken.at += by;
  if (sensor.behindMs !== undefined) sensor.behindMs += by;
  for (const range of sensor.tracker.missing) range.since += by;
}

/** Numbers missing for at least {@link GAP_GRACE_MS}. */
export const gapsOf = (sensor: SensorRecord, now: number): number => sensor.tracker.missingSince(now - GAP_GRACE_MS);
