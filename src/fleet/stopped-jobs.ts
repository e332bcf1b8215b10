/** When jobs were stopped: executions may be heard first after that, where a relay has kept their readings. */
import type { Reading } from '../protocol/message.js';
import { markStopped, type SensorRecord } from './sensor-record.js';

/** Times of the stops of a job, oldest first; Unix milliseconds. Part of the stored checkpoint. */
export type KnownStops = [jobId: string, times: number[]];

const MAX_JOBS = 1000;
/** One stop is told up to three times. */
const MAX_TIMES = 60;

export class StoppedJobs {
  #stops = new Map<string, number[]>();

  note(jobId: string, now: number): void {
    const times = [...(this.#stops.get(jobId) ?? []), now].slice(-MAX_TIMES);
    this.#stops.delete(jobId);
    this.#stops.set(jobId, times);
    const [oldest] = this.#stops.keys();
    if (this.#stops.size > MAX_JOBS && oldest !== undefined) this.#stops.delete(oldest);
  }

  /** Marks a new sensor whose job was stopped after it had been submitted. A job keeps its id when it is submitted again. */
  apply(sensor: SensorRecord, { job_id, job_submission_time: submitted }: Reading): void {
    const times = this.#stops.get(job_id) ?? [];
    const asked = times.find((time) => time > submitted);
    // What is submitted by hand has no time.
    if (asked !== undefined && submitted > 0) markStopped(sensor, asked, times.at(-1) ?? asked, true);
  }

  shiftTimes(by: number, since: number): void {
    const shifted = (time: number) => (time >= since ? time + by : time);
    for (const [id, times] of this.#stops) this.#stops.set(id, times.map(shifted));
  }

  dump(): KnownStops[] {
    return [...this.#stops];
  }

  load(stops: KnownStops[] = []): void {
    this.#stops = new Map(stops);
  }
}
