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
