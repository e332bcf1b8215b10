/**
 * Which sensors have a successor. A newer submission takes the place of what its host ran for the same job. Bacalhau also
 * replaces an execution that it lost, within one submission; two nodes that share a host name look the same at first, so
 * there an execution counts as replaced only once it is silent, and one that began about when it fell silent sends.
 */
import type { Reading } from '../protocol/message.js';
import { isSilent, patienceOf, type Sensor } from './sensor.js';

export class Replacement {
  /** The sensors of the newest submission that are not replaced, by host and job. */
  private readonly current = new Map<string, Set<Sensor>>();
  /** Newest submission heard of, by place: a silent sensor of an older one has been replaced, even by another job. */
  private readonly newest = new Map<string, number>();

  /** Takes in a sensor that is new here; marks those of older submissions, or itself when it is of one. */
  add(sensor: Sensor): void {
    const { reading } = sensor;
    const place = placeOf(reading);
    this.newest.set(place, Math.max(reading.job_submission_time, this.newest.get(place) ?? 0));
    if (sensor.replaced) return;
    const key = hostKey(reading);
    const before = this.current.get(key) ?? new Set();
    for (const other of before) {
      // A late reading of an old submission must not take the place of the new one.
      if (other.reading.job_submission_time > reading.job_submission_time) sensor.replaced = true;
      if (other.reading.job_submission_time < reading.job_submission_time) {
        other.replaced = true;
        before.delete(other);
      }
    }
    if (sensor.replaced) return;
    this.current.set(key, before.add(sensor));
  }

  /** A sensor has sent a reading that was new; `now` is when it came. */
  heard(sensor: Sensor, reading: Reading, now: number): void {
    const peers = this.current.get(hostKey(reading));
    if (!peers) return;
    if (sensor.replaced) {
      const [peer] = peers;
      const sameSubmission = peer?.reading.job_submission_time === reading.job_submission_time;
      // What it took long ago is late. What it takes now shows that it was only cut off, beside one of the same name.
      const isFresh = now - Date.parse(reading.timestamp) <= patienceOf(sensor);
      if (!sameSubmission || !isFresh) return;
      sensor.replaced = false;
      peers.add(sensor);
    }
    if (peers.size === 1) return;
    for (const other of peers) {
      if (!isSilent(other, now) || !hasFollowed(sensor, other)) continue;
      other.replaced = true;
      peers.delete(other);
    }
  }

  /** A newer submission has sent from the place of this sensor, be it of another job. */
  isOutdated({ reading }: Sensor): boolean {
    return reading.job_submission_time < (this.newest.get(placeOf(reading)) ?? 0);
  }

  forget(sensor: Sensor): void {
    const key = hostKey(sensor.reading);
    const peers = this.current.get(key);
    if (!peers?.delete(sensor) || peers.size > 0) return;
    this.current.delete(key);
    this.newest.delete(placeOf(sensor.reading));
  }
}

/** It began later, and not before the other's end by more than the last readings of that may have needed to come. */
const hasFollowed = (sensor: Sensor, other: Sensor) =>
  sensor.firstSeen > other.firstSeen && sensor.firstSeen >= other.lastSeen - patienceOf(other);

/** Where nodes don't tell their names, a sensor has that of its execution, and its successor only the job in common. */
const placeOf = ({ hostname, execution_id, job_id }: Reading) => (hostname === execution_id ? job_id : hostname);

/** Host and job. What was deployed has one job a region, whose id may change; what was submitted by hand only has its id. */
const hostKey = ({ hostname, job_submission_time: time, job_id, region }: Reading) =>
  `${hostname}\n${time === 0 ? job_id : region}`;
