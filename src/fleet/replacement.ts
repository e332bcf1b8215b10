/**
 * Which sensors have been replaced. A newer submission of a job replaces what its host ran before. Bacalhau also
 * replaces a lost execution within one submission. Two nodes that share a host name seem the same at first, so there an
 * execution counts as replaced only when it is silent and another one began at about that time.
 */
import { MAX_SUBMISSION_AHEAD_MS, type Reading } from '../protocol/message.js';
import { isSilent, type SensorRecord, silenceLimitOf } from './sensor-record.js';

export class Replacement {
  /** By host and job; almost always one. Those that are not replaced are of the newest submission. */
  readonly #peers = new Map<string, SensorRecord[]>();
  /** Where in {@link #peers} each is: later readings may name another region. */
  readonly #keys = new Map<SensorRecord, string>();
  /** One of the newest submission by place: a silent sensor of an older one has been replaced, even by another job. */
  readonly #newest = new Map<string, SensorRecord>();

  /** Adds a new sensor. Marks the sensors that it replaces, or the sensor itself when a newer one is known. */
  add(sensor: SensorRecord): void {
    const { reading } = sensor;
    const place = placeOf(reading);
    if (submittedAt(sensor) >= this.#newestAt(reading)) this.#newest.set(place, sensor);
    const key = hostAndJobOf(reading);
    const peers = this.#peers.get(key) ?? [];
    for (const peer of sensor.replaced ? [] : peers) {
      const [own, other] = [submittedAt(sensor), submittedAt(peer)];
      // A late reading of an old submission must not replace the new one.
      if (other > own) replace(sensor, other);
      if (other >= own) continue;
      replace(peer, own);
    }
    this.#peers.set(key, [...peers, sensor]);
    this.#keys.set(sensor, key);
  }

  /** Records that a reading which is no duplicate arrived at `now`. */
  record(sensor: SensorRecord, reading: Reading, now: number): void {
    const key = this.#keys.get(sensor) ?? hostAndJobOf(reading);
    const peers = this.#peers.get(key);
    if (!peers) return;
    if (sensor.replaced) {
      const peer = peers.find((one) => !one.replaced);
      const sameSubmission = peer?.reading.job_submission_time === reading.job_submission_time;
      // A fresh reading shows that the sensor was only cut off, next to another one of the same name. An old one is late.
      const isFresh = now - Date.parse(reading.timestamp) <= silenceLimitOf(sensor);
      if (!sameSubmission || !isFresh) return;
      sensor.replaced = false;
      delete sensor.replacedAt;
    }
    for (const peer of peers) {
      if (peer.replaced || !isSilent(peer, now) || !isSuccessorOf(sensor, peer)) continue;
      replace(peer, sensor.firstSeen);
    }
  }

  /** A newer submission has sent from the place of this sensor, possibly of another job. */
  isOutdated(sensor: SensorRecord): boolean {
    return submittedAt(sensor) < this.#newestAt(sensor.reading);
  }

  /** When what replaced this sensor was submitted, or began; Unix milliseconds. */
  timeOf({ reading, replacedAt }: SensorRecord): number {
    return replacedAt ?? this.#newestAt(reading);
  }

  #newestAt(reading: Reading): number {
    const newest = this.#newest.get(placeOf(reading));
    return newest ? submittedAt(newest) : 0;
  }

  forget(sensor: SensorRecord): void {
    const key = this.#keys.get(sensor);
    if (key === undefined) return;
    this.#keys.delete(sensor);
    const others = this.#peers.get(key)?.filter((one) => one !== sensor) ?? [];
    if (!sensor.replaced && others.every((one) => one.replaced)) this.#newest.delete(placeOf(sensor.reading));
    if (others.length === 0) this.#peers.delete(key);
    else this.#peers.set(key, others);
  }
}

/** `at`: when what replaced it was submitted, or began. Of several the first one counts: it may become known last. */
function replace(sensor: SensorRecord, at: number): void {
  sensor.replaced = true;
  sensor.replacedAt = Math.min(at, sensor.replacedAt ?? at);
}

/**
 * When it was submitted. A time that proxies would refuse as too far ahead is of a clock that was ahead then: the time when the
 * sensor was first seen stands for it, which is corrected with the clock.
 */
const submittedAt = ({ reading: { job_submission_time: time }, firstSeen }: SensorRecord): number =>
  time > firstSeen + MAX_SUBMISSION_AHEAD_MS ? firstSeen : time;

/** It began later, and at most one silence limit before the last reading of the other one arrived. */
const isSuccessorOf = (sensor: SensorRecord, other: SensorRecord) =>
  sensor.firstSeen > other.firstSeen && sensor.firstSeen >= other.lastSeen - silenceLimitOf(other);

/** Where nodes do not report their names, a sensor carries the name of its execution; then the job is the place. */
const placeOf = ({ hostname, execution_id, job_id }: Reading) => (hostname === execution_id ? job_id : hostname);

/** A deployed job is identified by its region, because its id may change; a job that was submitted by hand by its id. */
const hostAndJobOf = ({ hostname, job_submission_time: time, job_id, region }: Reading) =>
  `${hostname}\n${time === 0 ? job_id : region}`;
