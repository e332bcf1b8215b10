/** What is remembered of one sensor. */
import type { Reading } from './message.js';
import type { ReportedConfig } from './sensor-config.js';
import { type Arrival, SequenceTracker } from './sequence.js';

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
  /** When its job was ended on purpose; left out while nobody did. */
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
