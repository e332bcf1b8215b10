/**
 * Forwards what a relay keeps to the proxy upstream, in two lanes with one request each. The live lane sends what comes. What
 * has waited there for too long, because upstream was away or the link is slow, is backlog, and so is what the relay has when it
 * starts. The backlog goes in order through the other lane, so that readings of now do not wait behind it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { jittered } from '../lib/async/backoff.js';
import { withTimeLimit } from '../lib/async/time-limit.js';
import { causeMessageOf } from '../lib/errors/app-error.js';
import { httpErrorSchema } from '../lib/errors/http-error.js';
import { readAnswer } from '../lib/net/http-client.js';
import { formatRelayReport, RELAY_HEADER, type RelayReport, relayedLine } from '../protocol/relay.js';
import type { UplinkStatus } from '../proxy/proxy.js';
import type { KeptReading } from './reading-table.js';
import type { RelayBuffer } from './relay-buffer.js';

export type ForwardEvent =
  /** Once for each reason until it works again: on a dead link they alternate. */
  | { type: 'relay.upstream-failing'; url: string; message: string }
  | { type: 'relay.upstream-recovered'; url: string; backlog: number }
  /** Readings that upstream will never take. */
  | { type: 'relay.given-up'; count: number; code: string; reason: string };

export interface ForwarderOptions {
  buffer: RelayBuffer;
  /** Base URL of the proxy upstream. */
  upstream: string;
  token?: string | undefined;
  region: string;
  /** Of this relay; no other of the region has it. */
  name: string;
  onEvent(event: ForwardEvent): void;
  fetch?(url: string, init: RequestInit): Promise<Response>;
  times?: Partial<typeof TIMES>;
}

/** Texts of a request: less than the proxy takes, also where they can't be compressed. */
const MAX_REQUEST_BYTES = 900_000;
/** Milliseconds. */
const TIMES = {
  /** Between two live requests: one with many readings costs upstream little more than one with a single one. */
  every: 100,
  /** What has waited longer is backlog where upstream is away, or where {@link MAX_LIVE} newer readings wait. */
  live: 3_000,
  /** What has waited longer is backlog in any case. Upstream is away when it has taken nothing for as long. */
  slow: 30_000,
  /** Between two checks for backlog, and the first pause after a failure. */
  idle: 250,
  longestPause: 2_000,
  /** Before readings are sent again that upstream refuses for now. */
  refused: 5_000,
  /** For each thousand readings in a long queue of the proxy: what is put there now delays what comes later. */
  queued: 40,
  /** For an answer. The proxy gives one within 15 s, also where its queue does not. A live request is small. */
  liveTimeout: 5_000,
  backlogTimeout: 20_000,
};
/** Different reasons that are reported while upstream fails. */
const MAX_REASONS = 10;
/** Upstream may take such a reading later. */
const REFUSED_FOR_NOW = new Set([
  'OVERLOADED',
  'SUBMISSION_AHEAD',
  'TOO_MANY_HOSTS',
  'TOO_MANY_REGIONS',
  'TOO_MANY_SENSORS',
  'WRONG_HOST',
]);

/** Readings that wait in the live lane; they fit into a few requests. */
const MAX_LIVE = 10_000;
/** Readings in the queue of the proxy that its puller takes within a second. */
const LONG_QUEUE = 6_000;

const compress = promisify(gzip);
const answerSchema = z.object({
  accepted: z.number(),
  /** Readings in the queue of the proxy. */
  queued: z.number().optional(),
  refused: z.array(z.object({ index: z.number(), code: z.string(), reason: z.string() })).default([]),
});

export class Forwarder {
  /** Readings since the start that upstream has, and those that it will never take. */
  readonly counts = { forwarded: 0, refused: 0 };
  /** Why the last request failed; undefined: it did not. */
  problem: string | undefined;
  /** Problems since it last worked. */
  readonly #reported = new Set<string>();
  readonly #times: typeof TIMES;
  /** What comes after this reading goes through the live lane. */
  #live: number;
  /** When upstream has last taken what one of the lanes sent; elapsed milliseconds of the buffer. */
  #lastTaken = Number.NEGATIVE_INFINITY;
  readonly #inLane = { live: 0, backlog: 0 };

  constructor(private readonly options: ForwarderOptions) {
    this.#times = { ...TIMES, ...options.times };
    this.#live = options.buffer.lastId;
  }

  /** Forwards until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#runLive(signal), this.#runBacklog(signal)]);
  }

  /** Readings that wait, beside those that are on their way. */
  get backlog(): number {
    const { live, backlog } = this.#inLane;
    return Math.max(0, this.options.buffer.count - live - backlog);
  }

  get report(): RelayReport {
    const { buffer, name, region } = this.options;
    const { bytes, maxBytes: max } = buffer;
    const { backlog } = this;
    const oldest = backlog === 0 ? 0 : (buffer.ageAfter(0) ?? 0);
    return { name, region, at: buffer.now(), backlog, oldest, bytes, max, refused: this.counts.refused };
  }

  get status(): UplinkStatus {
    const { upstream, buffer } = this.options;
    // What is sent in vain is not on its way.
    const backlog = this.problem === undefined ? this.backlog : buffer.count;
    return { ...this.report, backlog, upstream, problem: this.problem, forwarded: this.counts.forwarded };
  }

  async #runLive(signal: AbortSignal): Promise<void> {
    const { buffer } = this.options;
    for (let failures = 0; !signal.aborted; ) {
      this.#live = this.#liveAfter(failures > 0);
      const readings = buffer.read(this.#live, Number.MAX_SAFE_INTEGER, MAX_REQUEST_BYTES);
      const last = readings.at(-1);
      if (!last) {
        await Promise.race([buffer.nextCommit(), pause(this.#times.idle, signal)]);
        continue;
      }
      const done = await this.#forward('live', readings, signal);
      failures = done ? 0 : failures + 1;
      if (done) this.#live = last.id;
      await pause(done ? this.#times.every : this.#backoff(failures), signal);
    }
  }

  /** The last reading that is backlog. */
  #liveAfter(hasFailed: boolean): number {
    const { buffer } = this.options;
    const { live, slow } = this.#times;
    // One request without an answer is no outage. As backlog its readings would wait behind all the others.
    const isAway = hasFailed && buffer.now() - this.#lastTaken > slow;
    const after = buffer.lastOlderThan(isAway ? live : slow, this.#live);
    const first = buffer.lastId - MAX_LIVE;
    // So many come at once when sensors could not send, and now deliver what they have kept.
    return first > after ? Math.min(first, buffer.lastOlderThan(live, after)) : after;
  }

  async #runBacklog(signal: AbortSignal): Promise<void> {
    const { buffer } = this.options;
    let after = 0;
    let refused = false;
    for (let failures = 0; !signal.aborted; ) {
      const readings = buffer.read(after, this.#live, MAX_REQUEST_BYTES);
      const last = readings.at(-1);
      if (!last) {
        await pause(refused ? this.#times.refused : this.#times.idle, signal);
        after = 0;
        refused = false;
        continue;
      }
      const done = await this.#forward('backlog', readings, signal);
      failures = done ? 0 : failures + 1;
      if (done) after = last.id;
      if (done?.refusedForNow) refused = true;
      if (!done) await pause(this.#backoff(failures), signal);
      else if (done.queued > LONG_QUEUE) {
        await pause(Math.min(this.#times.longestPause, (done.queued / 1000) * this.#times.queued), signal);
      }
    }
  }

  #backoff(failures: number): number {
    return jittered(failures, this.#times.idle, this.#times.longestPause);
  }

  /** Undefined: upstream does not have them. */
  async #forward(
    lane: 'live' | 'backlog',
    readings: KeptReading[],
    signal: AbortSignal,
  ): Promise<{ refusedForNow: boolean; queued: number } | undefined> {
    this.#inLane[lane] = readings.length;
    try {
      const { refused, queued = 0 } = await this.#post(readings, this.#times[`${lane}Timeout`], signal);
      this.#lastTaken = this.options.buffer.now();
      const forNow = refused.filter(({ code }) => REFUSED_FOR_NOW.has(code));
      const kept = new Set(forNow.map(({ index }) => index));
      this.options.buffer.remove(readings.filter((_, index) => !kept.has(index)).map(({ id }) => id));
      this.counts.forwarded += readings.length - refused.length;
      this.#giveUp(refused.filter(({ index }) => !kept.has(index)));
      this.#report(undefined);
      return { refusedForNow: kept.size > 0, queued };
    } catch (error) {
      if (!signal.aborted) this.#report(causeMessageOf(error));
      return undefined;
    } finally {
      this.#inLane[lane] = 0;
    }
  }

  /** Resolves with what is refused. Rejects when upstream has not decided about all. */
  async #post(readings: KeptReading[], timeoutMs: number, signal: AbortSignal) {
    const { upstream, token, fetch: post = fetch } = this.options;
    const response = await post(`${upstream}/relay`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        'content-encoding': 'gzip',
        [RELAY_HEADER]: formatRelayReport(this.report),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: await compress(readings.map(relayedLine).join(''), { level: 1 }),
      redirect: 'error',
      signal: withTimeLimit(signal, timeoutMs),
    });
    const answer: unknown = JSON.parse(String(await readAnswer(response)));
    if (!response.ok) {
      const { code = response.status, message = '' } = httpErrorSchema.safeParse(answer).data ?? {};
      throw new Error(`${code} ${message}`.trim());
    }
    const taken = answerSchema.parse(answer);
    const { accepted, refused } = taken;
    if (accepted + refused.length !== readings.length) {
      throw new Error(`what answers is no proxy: it has taken ${accepted} of ${readings.length} readings`);
    }
    return taken;
  }

  #giveUp(refused: { code: string; reason: string }[]): void {
    this.counts.refused += refused.length;
    for (const code of new Set(refused.map((one) => one.code))) {
      const [first, ...others] = refused.filter((one) => one.code === code);
      if (!first) continue;
      this.options.onEvent({ type: 'relay.given-up', count: others.length + 1, code, reason: first.reason });
    }
  }

  #report(problem: string | undefined): void {
    const { upstream: url, buffer, onEvent } = this.options;
    const wasFailing = this.problem !== undefined;
    this.problem = problem;
    if (problem === undefined) {
      this.#reported.clear();
      if (wasFailing) onEvent({ type: 'relay.upstream-recovered', url, backlog: buffer.count });
    } else if (!this.#reported.has(problem) && this.#reported.size < MAX_REASONS) {
      this.#reported.add(problem);
      onEvent({ type: 'relay.upstream-failing', url, message: problem });
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => {});
