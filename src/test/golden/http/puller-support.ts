/** A puller before a scripted queue, at a time that passes only when told to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { vi } from 'vitest';
import { createPullerService, type PullerServiceOptions } from '../../../puller/puller-service.js';
import { ScriptedQueue } from '../../support/scripted-queue.js';
import { HttpTranscript, readable } from './http-transcript.js';

/** What the clock shows at first. */
export const NOW = Date.parse('2025-03-26T12:00:00.000Z');
const OPERATOR = 'operator-secret';
export const operator = { authorization: `Bearer ${OPERATOR}` };

/** After this a message that was delivered has been handed over and deleted. */
const HANDED_OVER_MS = 25;

/** Makes time stand still. Turns of the event loop go on. */
export function stopTime(): void {
  vi.useFakeTimers({
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    now: NOW,
  });
  jumped = 0;
  const now = performance.now.bind(performance);
  performance.now = () => now() + jumped;
}
/** How far time is ahead of the timers, in milliseconds. */
let jumped: number;

export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Time goes on at once; what should happen in between does not. */
export function jump(ms: number): void {
  jumped += ms;
  vi.setSystemTime(Date.now() + ms);
}

/** Waits without letting time pass. */
export async function until(look: () => boolean): Promise<void> {
  while (!look()) await nextTurn();
}

export const config = (over: { version?: number; sources?: string; interval?: number; paused?: 0 | 1 } = {}) => {
  const { version = 0, sources = 'ddddd', interval = 1000, paused = 0 } = over;
  return `v=${version};src=${sources};file=none;interval=${interval};paused=${paused}`;
};

/** A reading of an execution; taken when it is delivered. */
export const reading = (sequence: number, over: Record<string, unknown> = {}) => ({
  job_id: 'j-1',
  execution_id: 'e-1',
  icon_name: '🚀',
  timestamp: new Date(Date.now()).toISOString(),
  color: '#00ff88',
  sequence,
  region: 'eu',
  job_submission_time: NOW - 60_000,
  hostname: 'edge-eu-1',
  ...over,
});

export interface PullerOverrides {
  sinks?: Partial<PullerServiceOptions['sinks']>;
  http?: Partial<PullerServiceOptions['http']>;
}

export interface PullerOfTest {
  queue: ScriptedQueue;
  service: ReturnType<typeof createPullerService>;
  transcript: HttpTranscript;
  /** Alerts, and events of the pipeline. */
  said: unknown[];
  /** Delivers messages in one batch and waits until they are deleted; 25 ms pass. */
  deliver(messages: unknown[], sensorConfig?: string): Promise<void>;
  stop(): Promise<void>;
}

/** A puller that runs, with its transcript. Time must stand still already. */
export function pullerOfTest(title: string, over: PullerOverrides = {}): PullerOfTest {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  const queue = new ScriptedQueue();
  const said: unknown[] = [];
  const service = createPullerService({
    queue,
    pollers: 1,
    sinks: {
      store: {
        path: join(folder, 'readings.db'),
        retentionMs: { readings: 3_600_000, minutes: 3_600_000, hours: 3_600_000 },
      },
      alert: { afterSeconds: 3, onAlert: (alert) => said.push(alert) },
      ...over.sinks,
    },
    http: { page: new Hono(), token: OPERATOR, log: (text) => said.push(text), ...over.http },
    onEvent: (event) => said.push(event),
  });
  service.start();
  let delivered = 0;
  return {
    queue,
    service,
    transcript: new HttpTranscript(title, service.app),
    said,
    async deliver(messages, sensorConfig = config()) {
      delivered += messages.length;
      const bodies = messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)));
      queue.push(bodies, sensorConfig === '' ? {} : { sensor_config: sensorConfig });
      // They are received now, before time goes on.
      await nextTurn();
      await pass(HANDED_OVER_MS);
      await until(() => queue.deleted === delivered);
    },
    async stop() {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Reads an event stream frame by frame. */
export class Frames {
  ended = false;
  #text = '';
  #written = 0;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #transcript: HttpTranscript;

  constructor(response: Response, transcript: HttpTranscript) {
    this.#transcript = transcript;
    this.#reader = response.body!.getReader();
    void this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      this.#text += decoder.decode(value, { stream: true });
    }
    this.ended = true;
  }

  get #frames(): string[] {
    return this.#text.split('\n\n').slice(0, -1);
  }

  /** Waits for so many more frames and writes them down, as `show` shows them. */
  async next(count: number, show = readable): Promise<void> {
    await until(() => this.#frames.length >= this.#written + count);
    for (const frame of this.#frames.slice(this.#written, this.#written + count)) {
      this.#transcript.piece(frame.replace(/^data: (.*)$/m, (_, data: string) => `data: ${show(data)}`));
    }
    this.#written += count;
  }

  /** Waits for the end of the stream; what was not written down shows here. */
  async end(): Promise<void> {
    await until(() => this.ended);
    this.#transcript.piece(this.#text.split('\n\n').slice(this.#written).join('\n\n') || '(the stream ends)');
  }

  /** The client goes away. */
  close(): Promise<void> {
    return this.#reader.cancel();
  }
}
