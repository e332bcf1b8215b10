/** Client of the puller's HTTP API, for every command that reads the fleet view. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { FleetEvent } from '../fleet/fleet-events.js';
import type { Convergence, FleetSummary, KnownJobs } from '../fleet/fleet-view.js';
import { AppError } from '../lib/errors/app-error.js';
import { errorFromAnswer } from '../lib/errors/http-error.js';
import type { DesiredState, Scope } from '../protocol/desired-config.js';
import type { DesiredField } from '../protocol/sensor-config.js';
import { type Answer, type ExportQuery, readAnswer } from '../store/answer.js';
import type { History, HistoryQuery } from '../store/history.js';
import type { Annotation } from './peers/questions.js';
import type { FleetSnapshot, PullerAppStats } from './puller-app.js';

export interface EventQuery {
  region?: string;
  /** Unix milliseconds; starts with the events received since then. */
  since?: number;
  kinds?: FleetEvent['event'][];
  /** Only those of the shards that the puller holds: another puller asks. */
  own?: boolean;
  signal?: AbortSignal;
}

export interface SnapshotQuery {
  region?: string | undefined;
  host?: string | undefined;
  /** Of many sensors some, about as many of each shard. */
  limit?: number | undefined;
}

/** What operations ask of the fleet view. */
export type FleetReader = Pick<FleetClient, 'snapshot' | 'summary' | 'convergence'>;

/** A restarted puller answers again within this time. */
const RETRY_FOR_MS = 10_000;
const RETRY_MS = 200;
/** A puller with too many clients has room for another one within this time. */
const BUSY_FOR_MS = 60_000;
/** Timeout of a request; event streams have none. */
const ANSWER_MS = 10_000;

/** Every call rejects with `PULLER_GONE` when the puller does not answer, or with the puller's error. */
export class FleetClient {
  readonly #retryForMs: number;
  readonly #headers: Record<string, string>;
  #hasAnswered = false;

  /**
   * `base`: URL of the puller; a function where the puller may move. `token`: one that may read; a puller on loopback needs
   * none. `retryForMs`: how long requests are repeated while a puller that has answered before does not answer.
   */
  constructor(
    private readonly base: string | (() => string),
    { token, retryForMs = RETRY_FOR_MS }: { token?: string | undefined; retryForMs?: number | undefined } = {},
  ) {
    this.#headers = token ? { authorization: `Bearer ${token}` } : {};
    this.#retryForMs = retryForMs;
  }

  /** Every sensor of the place. Rejects with `FLEET_TOO_LARGE`, unless so many are enough. */
  snapshot(query: SnapshotQuery = {}): Promise<FleetSnapshot> {
    return this.#request(`/fleet?${searchOf(query)}`);
  }

  /** Rejects with `PULLER_ERROR`, too, where something else answers. */
  async summary(): Promise<FleetSummary> {
    const summary = await this.#request<FleetSummary>('/fleet/summary');
    if (typeof summary?.total === 'object') return summary;
    throw new AppError('PULLER_ERROR', 'what answers is not a puller of this program', {
      hint: 'Is this its address (--puller-url)?',
    });
  }

  /** Live and paused sensors of this submission (Unix milliseconds) or a newer one, by region. */
  countSince(submission: number): Promise<Record<string, number>> {
    return this.#request(`/fleet/since?submission=${submission}`);
  }

  /** How far the sensors of a scope have applied the desired state, and a change of these fields in it. */
  convergence(
    state: DesiredState,
    scope: Scope,
    { jobs, fields }: { jobs?: KnownJobs | undefined; fields?: DesiredField[] | undefined } = {},
  ): Promise<Convergence> {
    return this.#request('/fleet/convergence', { state, scope, jobs, fields });
  }

  /**
   * Reports what the operator did on purpose, so that the fleet view shows no failure. It changes only the view, so a
   * puller that refuses it or does not answer is ignored.
   */
  async annotate(annotation: Annotation, token: string): Promise<void> {
    await this.#request('/fleet/annotations', annotation, { authorization: `Bearer ${token}` }).catch(() => {});
  }

  stats(): Promise<PullerAppStats> {
    return this.#request('/stats');
  }

  /** A metric over time (docs/history.md). Rejects with `BAD_QUERY` and a hint when the query is not valid. */
  history(query: HistoryQuery): Promise<History> {
    return this.#request(`/history?${searchOf(query)}`);
  }

  /**
   * Live events until the signal is aborted; continues after a restart of the puller. Rejects with `EVENTS_LOST` when this
   * client reads too slowly.
   */
  async *events({ region, since: from, kinds, own, signal }: EventQuery = {}): AsyncGenerator<FleetEvent> {
    let since = from;
    while (!signal?.aborted) {
      const began = Date.now();
      const search = searchOf({ region, since, kinds: kinds?.join(','), own: own ? 1 : undefined });
      // The secret of the pullers goes nowhere else.
      const redirect = own ? 'error' : 'follow';
      const response = await this.#fetch(`/events?${search}`, { signal: signal ?? null, redirect });
      const messages = received(
        response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()),
      );
      let lost: { count: number; since?: number } | undefined;
      try {
        for await (const { event, data } of messages) {
          if (event === 'dropped') {
            lost = JSON.parse(data);
            break;
          }
          for (const one of event === 'events' ? (JSON.parse(data) as FleetEvent[]) : []) {
            if ('received_at' in one) since = one.received_at + 1;
            yield one;
          }
        }
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
      if (lost && lost.since === undefined) {
        throw new AppError('EVENTS_LOST', `${lost.count} events were lost: the terminal is slower than the stream`, {
          hint: 'Select fewer with --region, or write to a file.',
        });
      }
      // What is lost is in the store: the next connection begins with it.
      since = lost?.since ?? since ?? began;
    }
  }

  /** Runs a statement that reads on the puller's store. Rejects with `BAD_SQL` when SQLite refuses it. */
  query(sql: string, signal: AbortSignal): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return this.#answer('/query', { method: 'POST', headers, body: JSON.stringify({ sql }), signal });
  }

  exportReadings(query: ExportQuery, signal: AbortSignal): Promise<Answer> {
    return this.#answer(`/export?${searchOf(query)}`, { signal });
  }

  async #answer(path: string, init: RequestInit): Promise<Answer> {
    return readAnswer(received((await this.#fetch(path, init)).body));
  }

  /** A POST when there is a body, else a GET. */
  async #request<T>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const post = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    };
    const response = await this.#fetch(path, body === undefined ? {} : post);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw gone(response.url, cause);
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const response = await this.#fetchPatiently(path, init);
    this.#hasAnswered = true;
    if (response.ok) return response;
    const { status } = response;
    const answer = await response.json().catch(() => undefined);
    const { code, message, hint } = errorFromAnswer(answer, 'PULLER_ERROR', `the puller answered ${status}`);
    throw new AppError(code, message, {
      hint:
        status === 401 || status === 403
          ? 'Set WASM_SENSORS_TOKEN to its operator token, or WASM_SENSORS_VIEWER_TOKEN to its viewer token.'
          : hint,
    });
  }

  async #fetchPatiently(path: string, init: RequestInit): Promise<Response> {
    const busyUntil = Date.now() + BUSY_FOR_MS;
    const deadline = this.#hasAnswered ? Date.now() + this.#retryForMs : 0;
    for (;;) {
      const url = typeof this.base === 'string' ? this.base : this.base();
      let cause: unknown;
      try {
        const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
        const response = await fetch(url + path, { signal: AbortSignal.timeout(ANSWER_MS), ...init, headers });
        const retryAfter = Number(response.headers.get('retry-after'));
        // A puller that has just started says when to ask it again.
        const isBusy = response.status === 429 || (response.status === 503 && retryAfter > 0);
        if (isBusy && Date.now() < busyUntil) {
          await response.body?.cancel();
          await sleep(retryAfter * 1000 || RETRY_MS);
          continue;
        }
        // 503 alone means that it is stopping.
        if (response.status !== 503 || isBusy) return response;
      } catch (error) {
        if (init.signal?.aborted) throw error;
        cause = error;
      }
      if (Date.now() >= deadline) throw gone(url, cause);
      await sleep(RETRY_MS);
    }
  }
}

/** The parameters that have a value. */
function searchOf(query: object): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search;
}

/** What a stream of an answer gives; one that breaks off just ends. */
async function* received<T>(stream: ReadableStream<T> | null | undefined): AsyncGenerator<T> {
  try {
    yield* stream as unknown as AsyncIterable<T>;
  } catch (error) {
    // A TypeError means that the connection broke.
    if (!(error instanceof TypeError)) throw error;
  }
}

const gone = (url: string, cause: unknown) =>
  new AppError('PULLER_GONE', `the puller at ${url} does not answer`, {
    cause,
    hint: 'Is `wasm-sensors up` running? `wasm-sensors status` shows what is.',
  });
