/** The sensors of a site: one program takes the readings of all, and each sends its own until they are acknowledged. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reading } from '../../../protocol/message.js';

export const JOB = 'outage';
const CONNECTIONS = 32;
/** After a request that was not taken. */
const RETRY_MS = 500;
const TIMEOUT_MS = 10_000;
/** Readings in a request. */
const MAX_BATCH = 60;
/** From a submission to the first readings. */
const START_MS = 400;

interface Sensor {
  id: string;
  host: string;
  submitted: number;
  /** Unix milliseconds of its first reading. */
  began: number;
  taken: number;
  /** Not yet acknowledged. */
  kept: Reading[];
}

/** Milliseconds between two readings of a sensor. */
const INTERVAL_MS = 1000;

export class Site {
  /** Readings taken by execution. */
  readonly taken = new Map<string, number>();
  acknowledged = 0;
  /** What sensors report. */
  paused = false;
  /** Whether they report what they keep: that goes by clocks, which show the time only when nothing is sped up. */
  counts = true;
  /** Requests that were refused or cut off. */
  refusals = 0;
  readonly #region: string;
  readonly #size: number;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #version = 0;
  #sensors: Sensor[] = [];
  /** With readings, and no request under way. */
  readonly #ready = new Set<Sensor>();
  readonly #sending = new Set<Sensor>();

  /** `url`: what they send to. */
  constructor(url: string, region: string, size: number) {
    this.#url = url;
    this.#region = region;
    this.#size = size;
  }

  /** Replaces all sensors at a time (Unix milliseconds). The older ones take no more, and deliver what they keep. */
  deploy(at: number): void {
    const version = ++this.#version;
    this.#sensors = Array.from({ length: this.#size }, (_, i) => {
      const [id, host] = [`${JOB}-${version}-${i}`, `edge-${this.#region}-${i}`];
      return { id, host, submitted: at - START_MS, began: at, taken: 0, kept: [] };
    });
  }

  /** Every sensor takes a reading a second, from one time up to another. */
  take(from: number, to: number): void {
    for (const sensor of this.#sensors) {
      for (let at = from; at < to; at += INTERVAL_MS) sensor.kept.push(this.#reading(sensor, at));
      this.taken.set(sensor.id, sensor.taken);
      if (!this.#sending.has(sensor)) this.#ready.add(sensor);
    }
    this.#send();
  }

  /** Readings that sensors keep. */
  get kept(): number {
    const all = new Set([...this.#sensors, ...this.#ready, ...this.#sending]);
    return [...all].reduce((sum, { kept }) => sum + kept.length, 0);
  }

  #send(): void {
    for (const sensor of this.#ready) {
      if (this.#sending.size >= CONNECTIONS) return;
      this.#ready.delete(sensor);
      this.#sending.add(sensor);
      void this.#sendOf(sensor).finally(() => {
        this.#sending.delete(sensor);
        if (sensor.kept.length > 0) this.#ready.add(sensor);
        this.#send();
      });
    }
  }

  async #sendOf(sensor: Sensor): Promise<void> {
    const batch = sensor.kept.slice(0, MAX_BATCH);
    const status = await this.#post(JSON.stringify(batch.length === 1 ? batch[0] : batch), sensor).catch(() => 0);
    if (status === 200) {
      sensor.kept.splice(0, batch.length);
      this.acknowledged += batch.length;
      return;
    }
    this.refusals++;
    await sleep(RETRY_MS);
  }

  #reading(sensor: Sensor, at: number): Reading {
    return {
      job_id: `${JOB}-${this.#version}`,
      execution_id: sensor.id,
      icon_name: '🚀',
      timestamp: new Date(at).toISOString(),
      color: '#ff8800',
      sequence: ++sensor.taken,
      region: this.#region,
      job_submission_time: sensor.submitted,
      hostname: sensor.host,
    };
  }

  #post(body: string, { kept, taken, began }: Sensor): Promise<number> {
    const counts = this.counts && kept.length > 1 ? `;taken=${taken};dropped=0;began=${began}` : '';
    const headers = {
      'content-type': 'application/json',
      'x-sensor-config': `v=0;src=ddddd;file=none;interval=${INTERVAL_MS};paused=${Number(this.paused)}${counts}`,
    };
    const options = { method: 'POST', agent: this.#agent, headers, timeout: TIMEOUT_MS };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}/send`, options, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', reject);
      });
      sent.once('timeout', () => sent.destroy(new Error('no answer')));
      sent.once('error', reject);
      sent.end(body);
    });
  }
}
