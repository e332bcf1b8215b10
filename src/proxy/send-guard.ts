/** Who may send and who may change configuration: tokens, and a limit for each sender. */
import { bearerMatches } from '../lib/net/bearer-token.js';
import { type Refusal, refusal } from './refusal.js';

export interface GuardOptions {
  /** Changing configuration needs it; without one nobody may. */
  operatorToken?: string;
  /** `/send` needs it, when given. */
  sensorToken?: string;
  /** Names (without port) under which this service is reached; others in `Host` are refused. `undefined`: any. */
  hosts?: string[];
  /**
   * Messages a second that one sender may send; 0 = any number. A sender is the host that it names: many sensors share
   * an address, and who may send at all is the token's part, not this one's.
   */
  rateLimit?: number;
}

/** Checks a bearer token; `what` names the right that it gives. */
export function checkToken(header: string | undefined, token: string | undefined, what: string): Refusal | undefined {
  if (token === undefined) return refusal(403, 'NOT_ALLOWED', `${what} is switched off here: no token was set`);
  if (header === undefined) return refusal(401, 'TOKEN_MISSING', `${what} needs a token: Authorization: Bearer …`);
  return bearerMatches(header, token)
    ? undefined
    : refusal(403, 'TOKEN_WRONG', `${what}: the token is not the right one`);
}

/** A token bucket for every sender: `perSecond` on average, bursts of two seconds' worth. */
export class RateLimiter {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly perSecond: number) {}

  /** Takes `count` from the sender's bucket; gives the seconds to wait when it is empty. `now` in Unix milliseconds. */
  take(sender: string, count: number, now: number): number | undefined {
    const burst = Math.max(1, this.perSecond * 2);
    const bucket = this.buckets.get(sender) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * this.perSecond);
    // A batch may borrow, so that a sensor with a backlog is slowed down and not locked out.
    const allowed = tokens > 0;
    this.buckets.delete(sender);
    this.buckets.set(sender, { tokens: allowed ? tokens - count : tokens, at: now });
    if (this.buckets.size > 100_000) this.buckets.delete(this.buckets.keys().next().value!);
    return allowed ? undefined : Math.max(1, Math.ceil(-tokens / this.perSecond));
  }
}
