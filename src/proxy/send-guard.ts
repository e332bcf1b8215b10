/**
 * Who may send and who may change configuration: tokens, and a limit for each sender.
 *
 * Hono's `bearerAuth` is not used: it answers 401 to a wrong token, and 400 to another scheme. Ours are 403.
 */
import type { AccessLock } from '../lib/net/access-lock.js';
import { bearerMatches } from '../lib/net/bearer-token.js';
import type { SensorKey } from '../protocol/sensor-token.js';
import { type Refusal, refusal } from './refusal.js';

export interface GuardOptions {
  /** Needed to change configuration; without one nobody can. */
  operatorToken?: string;
  /** Reading the configuration and the counts needs one of its tokens, when given. */
  lock?: AccessLock;
  /** Needed for `/send`, when given; the same for all sensors. */
  sensorToken?: string;
  /** Keys of the tokens of single nodes; needed for `/send`, when given, unless `open`. */
  sensorKeys?: SensorKey[];
  /** With `sensorKeys`: readings without a token are taken, of hosts that have none of their own. */
  open?: boolean;
  /** Names (without port) under which this service is reached; others in `Host` are refused. `undefined`: any. */
  hosts?: string[];
  /**
   * Messages a second that one sender may send; 0 = any number. A sender is the host that it names, because many sensors
   * share an address; the token decides who may send at all.
   */
  rateLimit?: number;
}

/** Checks a bearer token; `what` names what it permits. */
export function checkToken(header: string | undefined, token: string | undefined, what: string): Refusal | undefined {
  if (token === undefined) return refusal(403, 'NOT_ALLOWED', `${what} is switched off here: no token was set`);
  if (header === undefined) return refusal(401, 'TOKEN_MISSING', `${what} needs a token: Authorization: Bearer …`);
  return bearerMatches(header, token)
    ? undefined
    : refusal(403, 'TOKEN_WRONG', `${what}: the token is not the right one`);
}

/** More senders than this are not remembered; the one that sent least recently is forgotten first. */
const MAX_SENDERS = 100_000;

/** A token bucket for every sender: `perSecond` on average, bursts of two seconds' worth. */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Takes `count` from the sender's bucket; returns the seconds to wait when it is empty. `now`: monotonic, in milliseconds. */
  take(sender: string, count: number, now: number): number | undefined {
    const burst = Math.max(1, this.#perSecond * 2);
    const bucket = this.#buckets.get(sender) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    // A batch may take more than there is, so that a sensor with a backlog is slowed down and not locked out.
    const allowed = tokens > 0;
    this.#buckets.delete(sender);
    this.#buckets.set(sender, { tokens: allowed ? tokens - count : tokens, at: now });
    if (this.#buckets.size > MAX_SENDERS) this.#buckets.delete(this.#buckets.keys().next().value!);
    return allowed ? undefined : Math.max(1, Math.ceil(-tokens / this.#perSecond));
  }
}
