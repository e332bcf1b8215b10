/** Client of the puller's HTTP side; used by every command that looks at the fleet. */
import { createParser } from 'eventsource-parser';
import type { DesiredState, Scope } from '../core/desired.js';
import { systemError } from '../core/errors.js';
import type { FleetEvent } from '../core/events.js';
import type { Convergence, FleetSummary, KnownJobs } from '../core/fleet-view.js';
import type { FleetSnapshot, PullerAppStats } from './app.js';

export interface EventQuery {
  region?: string;
  /** Unix milliseconds; replays what was received since. */
  since?: number;
  kinds?: FleetEvent['event'][];
  signal?: AbortSignal;
}

/** A puller that takes longer hangs. Event streams go on for as long as they are wanted. */
const ANSWER_MS = 10_000;

export class FleetClient {
  /** `base`: URL of the puller; a function where the puller may move. */
  constructor(private readonly base: string | (() => string)) {}

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

  stats(): Promise<PullerAppStats> {
    return this.get('/stats');
  }

  /**
   * Live events until the signal is aborted or the puller ends (then it throws `PULLER_GONE`).
   * A gap in the stream, when this client was too slow, throws `EVENTS_LOST`.
   */
  async *events({ region, since, kinds, signal }: EventQuery = {}): AsyncGenerator<FleetEvent> {
    const query = new URLSearchParams();
    if (region !== undefined) query.set('region', region);
    if (since !== undefined) query.set('since', String(since));
    if (kinds) query.set('kinds', kinds.join(','));
    const response = await this.fetch(`/events?${query}`, signal ? { signal } : {});
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
      if (signal?.aborted) return;
      throw error instanceof TypeError ? this.gone(error) : error;
    }
    if (!signal?.aborted) throw this.gone(undefined);
  }

  /** With a body it is a POST. */
  private async get<T>(path: string, body?: unknown): Promise<T> {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(ANSWER_MS);
    return (await (await this.fetch(path, { ...(body === undefined ? {} : post), signal })).json()) as T;
  }

  private async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { signal } = init;
    let response: Response;
    try {
      response = await fetch(this.url + path, init);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw this.gone(cause);
    }
    if (!response.ok)
      throw systemError('PULLER_ERROR', `the puller answered ${response.status}: ${await response.text()}`);
    return response;
  }

  private gone(cause: unknown) {
    return systemError('PULLER_GONE', `the puller at ${this.url} does not answer`, {
      cause,
      hint: 'Is `wasm-sensors up` running? `wasm-sensors status` shows what is.',
    });
  }
}
