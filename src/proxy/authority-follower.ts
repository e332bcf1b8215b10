/**
 * Follows the proxy that is the authority for the desired configuration: copies its state into this proxy's store, and
 * forwards changes to it. While the authority is away, this proxy answers sensors from the copy.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jittered } from '../lib/async/backoff.js';
import { withTimeLimit } from '../lib/async/time-limit.js';
import { AppError, causeMessageOf } from '../lib/errors/app-error.js';
import { errorFromAnswer, httpErrorSchema } from '../lib/errors/http-error.js';
import { readAnswer } from '../lib/net/http-client.js';
import { desiredStateSchema } from '../protocol/desired-config.js';
import type { DesiredConfigStore } from './desired-config-store.js';

export interface FollowOptions extends AskingOptions {
  url: string;
  /** Operator token: with it, the authority believes which versions this proxy's sensors have. A viewer token reads, too. */
  token?: string;
  fetch?(url: string, init: RequestInit): Promise<Response>;
}

/**
 * `following`: this proxy holds what the authority holds. `failed`: it could not be asked, or the copy could not be
 * kept. `ahead`: this proxy holds a newer version than the authority, which has probably lost its state.
 */
export type FollowStatus =
  | { kind: 'following' }
  | { kind: 'failed'; reason: string }
  | { kind: 'ahead'; held: number; authority: number };

export interface AskingOptions {
  /** Pause between two tries, in milliseconds. */
  everyMs?: number;
  /** Called when the kind of status changes. */
  onStatus?(status: FollowStatus): void;
}

/** A change is to be seen by every sensor within about a second. */
const EVERY_MS = 500;
const MAX_PAUSE_MS = 2000;

/** Asks the authority, or the database of all proxies, and remembers how the last try went. */
export function asking(ask: (signal: AbortSignal) => Promise<FollowStatus>, options: AskingOptions) {
  const { everyMs = EVERY_MS, onStatus } = options;
  let status: FollowStatus | undefined;

  /** Never rejects; false when it failed. `signal`: a try that is aborted changes nothing. */
  async function note(work: () => Promise<FollowStatus>, signal?: AbortSignal): Promise<boolean> {
    const next = await work().catch((error): FollowStatus => ({ kind: 'failed', reason: causeMessageOf(error) }));
    if (!signal?.aborted && next.kind !== status?.kind) onStatus?.(next);
    status = next;
    return next.kind !== 'failed';
  }

  /** Asks once, and keeps what is newer. Never rejects; false when that failed. */
  const refresh = (signal = new AbortController().signal): Promise<boolean> => note(() => ask(signal), signal);

  return {
    /** Undefined before the first answer. */
    get status(): FollowStatus | undefined {
      return status;
    },
    note,
    refresh,

    /** Asks again and again, until the signal is aborted. Never rejects. */
    async run(signal: AbortSignal): Promise<void> {
      let failures = 0;
      while (!signal.aborted) {
        failures = (await refresh(signal)) ? 0 : failures + 1;
        const pause = failures === 0 ? everyMs : everyMs + jittered(failures, everyMs, MAX_PAUSE_MS);
        await sleep(pause, undefined, { signal }).catch(() => {});
      }
    },
  };
}

/** Marks a forwarded change, so that two proxies never forward it to each other. */
export const FORWARDED_HEADER = 'x-wasm-sensors-forwarded';

/** The authority answers a read at once. */
const ASK_TIMEOUT_MS = 5000;
/** For a change the authority may first listen to its sensors for 11 s. */
const FORWARD_TIMEOUT_MS = 18_000;

export type AuthorityFollower = ReturnType<typeof authorityFollower>;

export function authorityFollower(store: DesiredConfigStore, options: FollowOptions) {
  const { url, token } = options;
  const call = (path: string, init: RequestInit): Promise<Response> =>
    (options.fetch ?? fetch)(url + path, { ...init, redirect: 'error' });

  async function ask(signal: AbortSignal): Promise<FollowStatus> {
    const response = await call(`/config?seen=${store.newestKnown}`, {
      headers: {
        'if-none-match': `"${store.version}"`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      signal: withTimeLimit(signal, ASK_TIMEOUT_MS),
    });
    if (response.status === 304) return { kind: 'following' };
    const body: unknown = JSON.parse(String(await readAnswer(response)));
    if (!response.ok) throw new Error(httpErrorSchema.safeParse(body).data?.message ?? `status ${response.status}`);
    const state = desiredStateSchema.parse(body);
    store.takeOver(state);
    if (state.version < store.version) return { kind: 'ahead', held: store.version, authority: state.version };
    return { kind: 'following' };
  }

  const asked = asking(ask, options);
  return Object.assign(asked, {
    url,

    /**
     * Gives a change to the authority, with the caller's token; the answer is the authority's, and this proxy holds the change
     * then, too. Rejects as the authority does, or with `AUTHORITY_UNREACHABLE`.
     */
    async forward(method: string, body: string, authorization = ''): Promise<Response> {
      const headers = { 'content-type': 'application/json', [FORWARDED_HEADER]: '1', authorization };
      const signal = AbortSignal.timeout(FORWARD_TIMEOUT_MS);
      let response: Response;
      let answer: unknown;
      try {
        response = await call('/config', { method, body, headers, signal });
        answer = JSON.parse(String(await readAnswer(response)));
      } catch (cause) {
        const message = `this proxy follows ${url}, which does not answer: ${causeMessageOf(cause)}`;
        throw new AppError('AUTHORITY_UNREACHABLE', message, { cause });
      }
      // Thrown, so that a wrong token counts as one of this proxy's client, too.
      if (!response.ok) throw errorFromAnswer(answer, 'AUTHORITY_UNREACHABLE', `${url} answers ${response.status}`);
      await asked.refresh();
      return Response.json(answer);
    },
  });
}
