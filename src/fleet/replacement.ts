/**
 * Which sensors have been replaced. A newer submission of a job replaces what its host ran before. Bacalhau also
 * replaces a lost execution within one submission. Two nodes that share a host name seem the same at first, so there an
 * execution counts as replaced only when it is silent and another one began at about that time.
 */
import type { Reading } from '../protocol/message.js';
import { isSilent, type SensorRecord, silenceLimitOf } from './sensor-record.js';

export class Replacement {
  /** Sensors of the newest submission that are not replaced, by host and job. */
  readonly #active = new Map<string, Set<SensorRecord>>();
  /** Where in {@link #active} each is: later readings may name another region. */
  readonly #keys = new WeakMap<SensorRecord, string>();
  /** Newest submission by place: a silent sensor of an older one has been replaced, even by another job. */
  readonly #newest = new Map<string, number>();

  /** Adds a new sensor. Marks the sensors that it replaces, or the sensor itself when a newer one is known. */
  add(sensor: SensorRecord): void {
    const { reading } = sensor;
    const place = placeOf(reading);
    this.#newest.set(place, Math.max(reading.job_submission_time, this.#newest.get(place) ?? 0));
    if (sensor.replaced) return;
    const key = hostAndJobOf(reading);
    const peers = this.#active.get(key) ?? new Set();
    const submitted = reading.job_submission_time;
    for (const peer of peers) {
      const { job_submission_time: other } = peer.reading;
      // A late reading of an old submission must not replace the new one.
      if (other > submitted) replace(sensor, other);
      if (other < submitted) replace(peer, submitted);
      if (peer.replaced) peers.delete(peer);
    }
    if (sensor.replaced) return;
    this.#active.set(key, peers.add(sensor));
    this.#keys.set(sensor, key);
  }

  /** Records that a reading which is no duplicate arrived at `now`. */
  record(sensor: SensorRecord, reading: Reading, now: number): void {
    const key = this.#keys.get(sensor) ?? hostAndJobOf(reading);
    const peers = this.#active.get(key);
    if (!peers) return;
    if (sensor.replaced) {
      const [peer] = peers;
      const sameSubmission = peer?.reading.job_submission_time === reading.job_submission_time;
      // A fresh reading shows that the sensor was only cut off, next to another one of the same name. An old one is late.
      const isFresh = now - Date.parse(reading.timestamp) <= silenceLimitOf(sensor);
      if (!sameSubmission || !isFresh) return;
      sensor.replaced = false;
      delete sensor.replacedAt;
      peers.add(sensor);
      this.#keys.set(sensor, key);
    }
    for (const peer of peers) {
      if (!isSilent(peer, now) || !isSuccessorOf(sensor, peer)) continue;
      replace(peer, sensor.firstSeen);
      peers.delete(peer);
    }
  }

  /** A newer submission has sent from the place of this sensor, possibly of another job. */
  isOutdated({ reading }: SensorRecord): boolean {
    return reading.job_submission_time < this.#newestAt(reading);
  }

  /** When what replaced this sensor was submitted, or began; Unix milliseconds. */
  timeOf({ reading, replacedAt }: SensorRecord): number {
    return replacedAt ?? this.#newestAt(reading);
  }

  #newestAt(reading: Reading): number {
    return this.#newest.get(placeOf(reading)) ?? 0;
  }

  forget(sensor: SensorRecord): void {
    const key = this.#keys.get(sensor) ?? hostAndJobOf(sensor.reading);
    const peers = this.#active.get(key);
    if (!peers?.delete(sensor) || peers.size > 0) return;
    this.#active.delete(key);
    this.#newest.delete(placeOf(sensor.reading));
  }
}

function replace(sensor: SensorRecord, at: number): void {
  sensor.replaced = true;
  sensor.replacedAt = at;
}

/** It began later, and at most one silence limit before the last reading of the other one arrived. */
const isSuccessorOf = (sensor: SensorRecord, other: SensorRecord) =>
  sensor.firstSeen > other.firstSeen && sensor.firstSeen >= other.lastSeen - silenceLimitOf(other);

/** Where nodes do not report their names, a sensor carries the name of its execution; then the job is the place. */
const placeOf = ({ hostname, execution_id, job_id }: Reading) => (hostname === execution_id ? job_id : hostname);

/** A deployed job is identified by its region, because its id may change; a job that was submitted by hand by its id. */
const hostAndJobOf = ({ hostname, job_submission_time: time, job_id, region }: Reading) =>
  `${hostname}\n${time === 0 ? job_id : region}`;
