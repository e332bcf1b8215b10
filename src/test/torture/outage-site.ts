/** A site for `outage.ts`: its relay, which can be killed, and sensors of which one program takes the readings. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lib/net/choose-port.js';
import { packageRoot } from '../../lib/process/self-command.js';
import type { Reading } from '../../protocol/message.js';

const REGION = 'eu';
const CONNECTIONS = 32;
/** After a request that the relay did not take. */
const RETRY_MS = 500;
const RESTART_MS = 500;
const HEADER = 'v=0;src=ddddd;file=none;interval=1000;paused=0';

/** A relay that is started again whenever it ends, as by systemd. */
export class Relay {
  readonly url: string;
  readonly #start: () => ChildProcess;
  #child: ChildProcess;
  #ending = false;

  private constructor(url: string, start: () => ChildProcess) {
    this.url = url;
    this.#start = start;
    this.#child = this.#run();
  }

  static async of(folder: string, upstream: string): Promise<Relay> {
    const port = await freePort();
    const args = ['relay', 'serve', '--upstream', upstream, '--region', REGION, '--port', String(port)];
    const all = [join(packageRoot, 'bin/wasm-sensors.js'), ...args, '--state-dir', folder, '--max-bytes', '16GiB'];
    const stdio: StdioOptions = ['ignore', 'ignore', 'inherit', 'ipc'];
    return new Relay(`http://127.0.0.1:${port}`, () => spawn(process.execPath, all, { cwd: folder, stdio }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async end(): Promise<void> {
    this.#ending = true;
    if (this.#child.exitCode === null && this.#child.kill('SIGTERM')) await once(this.#child, 'exit');
  }

  #run(): ChildProcess {
    const child = this.#start();
    child.once('exit', () => {
      if (!this.#ending) setTimeout(() => (this.#child = this.#run()), RESTART_MS);
    });
    return child;
  }
}

/** What the sensors of the site take, and their requests. */
export class Site {
  /** Readings taken by execution. */
  readonly taken = new Map<string, number>();
  acknowledged = 0;
  refusals = 0;
  #version = 0;
  #submitted = 0;
  readonly #sensors: number;
  readonly #relay: Relay;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

  constructor(relay: Relay, sensors: number) {
    this.#relay = relay;
    this.#sensors = sensors;
  }

  /** `at`: Unix milliseconds. */
  deploy(at: number): void {
    this.#version++;
    this.#submitted = at;
  }

  /** Every sensor takes a reading a second from `from` to `to` (Unix milliseconds), and sends them until the relay has them. */
  async send(from: number, to: number): Promise<void> {
    const waiting = Array.from({ length: this.#sensors }, (_, sensor) => sensor);
    const worker = async () => {
      for (let sensor = waiting.pop(); sensor !== undefined; sensor = waiting.pop())
        await this.#sendOf(sensor, from, to);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  }

  async #sendOf(sensor: number, from: number, to: number): Promise<void> {
    const id = `outage-${this.#version}-${sensor}`;
    const before = this.taken.get(id) ?? 0;
    const readings = Array.from({ length: (to - from) / 1000 }, (_, i) =>
      this.#reading(id, sensor, before + i + 1, from + i * 1000),
    );
    this.taken.set(id, before + readings.length);
    const body = JSON.stringify(readings.length === 1 ? readings[0] : readings);
    while ((await this.#post(body).catch(() => 0)) !== 200) {
      this.refusals++;
      await sleep(RETRY_MS);
    }
    this.acknowledged += readings.length;
  }

  #reading(execution_id: string, sensor: number, sequence: number, at: number): Reading {
    return {
      ...{ job_id: `j-outage-${this.#version}`, execution_id, icon_name: '🚀', timestamp: new Date(at).toISOString() },
      ...{ color: '#ff8800', sequence, region: REGION, job_submission_time: this.#submitted },
      hostname: `edge-${sensor}`,
    };
  }

  #post(body: string): Promise<number> {
    const headers = { 'content-type': 'application/json', 'x-sensor-config': HEADER };
    const options = { method: 'POST', agent: this.#agent, headers, timeout: 10_000 };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#relay.url}/send`, options, (answer) => {
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
