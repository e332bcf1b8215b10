/** What the puller knows of one execution (a sensor): its newest reading, which numbers have come, when; and what follows from it. */
import type { Reading } from '../protocol/message.js';
import type { ReadingCounts, ReportedConfig } from '../protocol/sensor-config.js';
import { keptBy } from './ledger.js';
import { isClockSetRight, isFromWrongClock, noteClock, timeOfSensor } from './sensor-clock.js';
import { type Arrival, SequenceTracker } from './sequence-tracker.js';

/** The interval of a sensor that does not report one. */
const DEFAULT_INTERVAL_MS = 5_000;
/** A sensor is silent when its reading is overdue by one interval and this time. */
const SILENCE_SLACK_MS = 3_000;

/** A stop takes less. */
const STOPPING_MS = 120_000;

/** More readings than this no sensor keeps (docs/protocol.md), whatever is said in its name. */
const MAX_KEPT = 65_536;

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
  /** Latest timestamp of all readings, where its clock was set back since. */
  latestTimestamp?: string;
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
  /** How far its clock is behind ours at least: the shortest time from when a reading was taken until it came. */
  behindMs?: number;
  /** When what replaced it was submitted, or began; Unix milliseconds. */
  replacedAt?: number;
  /** Latest time at which its job or network was stopped on purpose; left out while that runs. */
  endedAt?: number;
  /** It was its job that was stopped: if a node that was away meanwhile runs it again, nobody waits for it. */
  isJobStopped?: boolean;
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
 * the numbers of the new run. `isNew`: the store did not have it; then a known number belongs to another run, whose
 * readings arrive out of order.
 */
export function recordReading(
  sensor: SensorRecord,
  reading: Reading,
  config: ReportedConfig | undefined,
  now: number,
  isNew = false,
): Arrival {
  const counted = recordNumber(sensor, reading, config?.counts, now);
  const isOfOtherRun = counted === 'duplicate' && isNew;
  const arrival = isOfOtherRun ? 'late' : counted;
  if (arrival === 'duplicate') {
    sensor.duplicates++;
    return arrival;
  }
  sensor.received++;
  if (arrival === 'late') sensor.late++;
  const isOfThisRun = !isOfOtherRun && reading.timestamp >= sensor.beganAt;
  if (isOfThisRun && reading.sequence === sensor.tracker.highest) {
    noteClock(sensor, reading, now);
    sensor.newestTimestamp = reading.timestamp;
    sensor.reading = reading;
    if (config) sensor.config = config;
  }
  if (isOfThisRun && config?.counts) {
    const count = Math.min(config.counts.taken, reading.sequence + MAX_KEPT);
    if (count > (sensor.taken?.count ?? 0)) sensor.taken = { count, at: now };
    // Those made room for this one, at the latest.
    sensor.dropped = Math.max(Math.min(config.counts.dropped, reading.sequence - 1), sensor.dropped ?? 0);
  }
  sensor.lastSeen = Math.max(sensor.lastSeen, now);
  if (sensor.endedAt !== undefined && !sensor.isJobStopped && !isStopped(sensor)) {
    delete sensor.endedAt;
    delete sensor.stoppingAt;
  }
  return arrival;
}

function recordNumber(sensor: SensorRecord, reading: Reading, counts: ReadingCounts | undefined, now: number): Arrival {
  const { sequence, timestamp } = reading;
  const { tracker, newestTimestamp: newest, latestTimestamp: latest = '' } = sensor;
  const isKnown = sequence <= tracker.highest && newest !== '';
  const isSetRight = isClockSetRight(sensor, timestamp, now);
  if (timestamp < sensor.beganAt) {
    if (!isSetRight || (isKnown && sequence > 1)) {
      if (sensor.lost) sensor.lost--;
      return 'late';
    }
    sensor.beganAt = timestamp;
  }
  // Of one that has dropped many, the first number that arrives may be higher than those of the run before.
  const began = counts ? new Date(counts.began).toISOString() : isKnown ? timestamp : '';
  const restarted = newest !== '' && began > newest && began <= timestamp && (isKnown || began > latest);
  if (restarted && !(isKnown && isFromWrongClock(sensor, reading, now))) beginAnew(sensor, began, now);
  else if (isSetRight && isKnown && sequence === 1) beginAnew(sensor, timestamp, now);
  return sensor.tracker.record(sequence, now);
}

/** `began`: by the clock of the new run. */
function beginAnew(sensor: SensorRecord, began: string, now: number): void {
  // Either clock may have been set meanwhile. The run before ended before the first reading of this one came.
  const ends = [timeOfSensor(sensor, now), timeOfSensor(sensor, sensor.stoppingAt ?? now)];
  if (began > sensor.newestTimestamp) ends.push(Date.parse(began) - 1);
  const lost = (sensor.lost ?? 0) + keptBy(sensor, Math.min(...ends)) + sensor.tracker.missingSince();
  if (lost > 0) sensor.lost = lost;
  sensor.tracker = new SequenceTracker();
  delete sensor.taken;
  sensor.restarts++;
  sensor.beganAt = began;
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
export function markStopped(sensor: SensorRecord, asked: number, ended: number, isJobStopped: boolean): void {
  // Told again while it stops, or of a job that has been submitted again since.
  if (!isStopped(sensor) && asked - (sensor.stoppingAt ?? 0) > STOPPING_MS) sensor.stoppingAt = asked;
  sensor.endedAt = ended;
  if (isJobStopped) sensor.isJobStopped = true;
}

/** Moves what was measured by our clock; timestamps are the sensor's own. */
export function shiftTimes(sensor: SensorRecord, by: number): void {
  for (const name of ['firstSeen', 'lastSeen', 'endedAt', 'stoppingAt', 'behindMs'] as const) {
    const time = sensor[name];
    if (time !== undefined) sensor[name] = time + by;
  }
  if (sensor.taken) sensor.taken.at += by;
  for (const range of sensor.tracker.missing) range.since += by;
}
