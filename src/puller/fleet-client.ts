/** Client of the puller's HTTP side; used by every command that looks at the fleet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import type { FleetEvent } from '../fleet/fleet-events.js';
import type { Convergence, FleetSummary, KnownJobs } from '../fleet/fleet-view.js';
import { systemError } from '../lib/errors/app-error.js';
import type { DesiredState, Scope } from '../protocol/desired-config.js';
import type { FleetSnapshot, PullerAppStats, Told } from './puller-app.js';

export interface EventQuery {
  region?: string;
  /** Unix milliseconds; replays what was received since. */
  since?: number;
  kinds?: FleetEvent['event'][];
  signal?: AbortSignal;
}

/** A puller that was ended is back after so long at most, where somebody starts it again. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 200;
/** A puller that takes longer hangs. Event streams go on for as long as they are wanted. */
const ANSWER_MS = 10_000;

/** Every call throws `PULLER_GONE` when there is no puller, or has been none for so long as this client is patient. */
export class FleetClient {
  private hasAnswered = false;

  /**
   * `base`: URL of the puller; a function where the puller may move. `patienceMs`: for so long a puller that has answered
   * before is asked again.
   */
  constructor(
    private readonly base: string | (() => string),
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  private get url(): string {
    return typeof this.base === 'string' ? this.base : this.base();
  }

  snapshot(): Promise<FleetSnapshot> {
    return this.get('/fleet');
  }

  summary(): Promise<FleetSummary> {
    return this.get('/fleet/summary');
  }

  /** Live sensors by region, of this submission (Unix milliseconds) or a newer one. */
  countSince(submission: number): Promise<Record<string, number>> {
    return this.get(`/fleet/since?submission=${submission}`);
  }

  /** How far the sensors of a scope do what this desired state asks for. */
  convergence(state: DesiredState, scope: Scope, jobs?: KnownJobs): Promise<Convergence> {
    return this.get('/fleet/convergence', { state, scope, jobs });
  }

  /**
   * Tells what the operator did on purpose, so that nobody takes it for a failure. It only changes what is shown: a
   * puller that does not take it (it knows no token, or is away) is no reason to fail.
   */
  async tell(told: Told, token: string): Promise<void> {
    await this.get('/fleet/told', told, { authorization: `Bearer ${token}` }).catch(() => {});
  }

  stats(): Promise<PullerAppStats> {
    return this.get('/stats');
  }

  /**
   * Live events until the signal is aborted; when the puller ends, those of the next one from there on.
   * A gap in the stream, when this client was too slow, throws `EVENTS_LOST`.
   */
  async *events(query: EventQuery = {}): AsyncGenerator<FleetEvent> {
    let { since } = query;
    while (!query.signal?.aborted) {
      const began = Date.now();
      for await (const event of this.eventsOfOne({ ...query, ...(since === undefined ? {} : { since }) })) {
        if ('received_at' in event) since = event.received_at + 1;
        yield event;
      }
      since ??= began;
    }
  }

  private async *eventsOfOne({ region, since, kinds, signal }: EventQuery): AsyncGenerator<FleetEvent> {
    const query = new URLSearchParams();
    if (region !== undefined) query.set('region', region);
    if (since !== undefined) query.set('since', String(since));
    if (kinds) query.set('kinds', kinds.join(','));
    const response = await this.fetch(`/events?${query}`, { signal: signal ?? null });
    let ready: FleetEvent[] = [];
    let lost = 0;
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'events') ready = ready.concat(JSON.parse(data) as FleetEvent[]);
        if (event === 'dropped') lost += (JSON.parse(data) as { count: number }).count;
      },
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        const events = ready;
        ready = [];
        yield* events;
        if (lost > 0) {
          throw systemError('EVENTS_LOST', `${lost} events were not shown: this terminal reads slower than they come`, {
            hint: 'Limit them with --region, or write to a file.',
          });
        }
      }
    } catch (error) {
      // The connection broke.
      if (!signal?.aborted && !(error instanceof TypeError)) throw error;
    }
  }

  /** With a body it is a POST. */
  private async get<T>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const post = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    };
    const response = await this.fetch(path, body === undefined ? {} : post);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw gone(response.url, cause);
    }
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const response = await this.fetchPatiently(path, init);
    this.hasAnswered = true;
    if (!response.ok)
      throw systemError('PULLER_ERROR', `the puller answered ${response.status}: ${await response.text()}`);
    return response;
  }

  private async fetchPatiently(path: string, init: RequestInit): Promise<Response> {
    const deadline = this.hasAnswered ? Date.now() + this.patienceMs : 0;
    for (;;) {
      const { url } = this;
      let cause: unknown;
      try {
        const response = await fetch(url + path, { signal: AbortSignal.timeout(ANSWER_MS), ...init });
        // With 503 it says that it ends.
        if (response.status !== 503) return response;
      } catch (error) {
        if (init.signal?.aborted) throw error;
        cause = error;
      }
      if (Date.now() >= deadline) {
        throw gone(url, cause);
      }
      await sleep(RETRY_MS);
    }
  }
}

const gone = (url: string, cause: unknown) =>
  systemError('PULLER_GONE', `the puller at ${url} does not answer`, {
    cause,
    hint: 'Is `wasm-sensors up` running? `wasm-sensors status` shows what is.',
  });
