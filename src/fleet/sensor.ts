/** What is remembered of one sensor. */
import type { Reading } from '../protocol/message.js';
import type { ReportedConfig } from '../protocol/sensor-config.js';
import { type Arrival, SequenceTracker } from './sequence.js';

/** Queues deliver out of order: a hole younger than this is not a gap yet. */
export const GAP_GRACE_MS = 5_000;
/** An unmentioned interval counts as this. */
const DEFAULT_INTERVAL_MS = 5_000;
/** A sensor that is late by two intervals and this much is silent. */
const SILENCE_SLACK_MS = 3_000;

export interface Sensor {
  reading: Reading;
  tracker: SequenceTracker;
  received: number;
  duplicates: number;
  late: number;
  restarts: number;
  /** Timestamps of the newest reading, and of the first one since the last restart; ISO texts compare as times. */
  newestTimestamp: string;
  beganAt: string;
  firstSeen: number;
  lastSeen: number;
  config: ReportedConfig | undefined;
  replaced: boolean;
  /** When its job was ended on purpose, at the latest; left out while nobody did. */
  endedAt?: number;
}

/**
 * A node that is started again runs the same execution anew, from 1: a number that was there already, with a time later
 * than all before. What the first run still had to say is late, and tells nothing about the numbers of the second.
 */
export function arrive(sensor: Sensor, { sequence, timestamp }: Reading, now: number): Arrival {
  if (timestamp < sensor.beganAt) return 'late';
  if (sequence <= sensor.tracker.highest && timestamp > sensor.newestTimestamp && sensor.newestTimestamp !== '') {
    sensor.tracker = new SequenceTracker();
    sensor.restarts++;
    sensor.beganAt = timestamp;
  }
  return sensor.tracker.arrive(sequence, now);
}

export const intervalOf = (sensor: Sensor): number => sensor.config?.intervalMs ?? DEFAULT_INTERVAL_MS;

/** After so many milliseconds without a reading it is silent. */
export const patienceOf = (sensor: Sensor): number => 2 * intervalOf(sensor) + SILENCE_SLACK_MS;

export const isSilent = (sensor: Sensor, now: number): boolean => now - sensor.lastSeen > patienceOf(sensor);

/**
 * Its job was ended, and nothing shows that it went on: neither that a reading came since, nor when that was taken, for
 * what was on its way then may come much later.
 */
export const hasEnded = ({ endedAt, lastSeen, reading }: Sensor): boolean =>
  endedAt !== undefined && (lastSeen <= endedAt || Date.parse(reading.timestamp) <= endedAt);

/** Numbers missing for longer than {@link GAP_GRACE_MS}. */
export const gapsOf = (sensor: Sensor, now: number): number => sensor.tracker.missingSince(now - GAP_GRACE_MS);
