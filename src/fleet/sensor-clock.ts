/** The clocks of sensors: how far they are behind ours, and what shows that one was set. Times are Unix milliseconds. */
import type { Reading } from '../protocol/message.js';
import type { SensorRecord } from './sensor-record.js';

/** A clock that is further ahead than before was wrong for a moment: what it says is no reason to begin anew. */
const AHEAD_TOLERANCE_MS = 300_000;
/** One that differs from ours by less, or a reading that is older by less, is about right. */
const ABOUT_MS = 10_000;

/** What the clock of a sensor shows at a time of ours, as far as its readings tell. */
export const timeOfSensor = ({ behindMs = 0 }: SensorRecord, time: number): number => time - behindMs;

/** Another reading is the newest. */
export function noteClock(sensor: SensorRecord, { timestamp }: Reading, now: number): void {
  const { newestTimestamp: before, latestTimestamp: latest = '', behindMs = Number.POSITIVE_INFINITY } = sensor;
  const taken = Date.parse(timestamp);
  let least = behindMs;
  // It was taken later, and has an earlier time: the clock was set back by as much as that at least.
  if (timestamp < before) {
    if (before > latest) sensor.latestTimestamp = before;
    least = isClockSetRight(sensor, timestamp, now) ? 0 : behindMs + Date.parse(before) - taken;
  }
  sensor.behindMs = Math.min(least, now - taken);
}

/** Its clock was ahead, and shows about our time now. */
export function isClockSetRight({ newestTimestamp: newest }: SensorRecord, timestamp: string, now: number): boolean {
  if (timestamp >= newest) return false;
  return Date.parse(newest) - now > ABOUT_MS && Math.abs(now - Date.parse(timestamp)) <= ABOUT_MS;
}

/**
 * Whether a known number with a newer timestamp came out of order. A node whose clock is ahead all the time may restart,
 * and one may be set ahead while its sensor restarts: then no reading of the run before was that late.
 */
export function isFromWrongClock(sensor: SensorRecord, { sequence, timestamp }: Reading, now: number): boolean {
  const { newestTimestamp, latestTimestamp = '', tracker, lastSeen } = sensor;
  if (!tracker.isMissing(sequence) && timestamp > latestTimestamp) return false;
  const usual = Math.max(0, Date.parse(newestTimestamp) - lastSeen);
  return Date.parse(timestamp) - now > usual + AHEAD_TOLERANCE_MS;
}
