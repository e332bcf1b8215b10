/** Pauses between attempts. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Exponential with full jitter: a random time up to `base * 2^attempt`, at most `max`; all in milliseconds. */
export function jittered(attempt: number, base: number, max: number): number {
  return Math.random() * Math.min(max, base * 2 ** attempt);
}

export interface WaitOptions {
  timeoutMs: number;
  /** Pause between two calls; 100 ms by default. */
  everyMs?: number;
  signal?: AbortSignal;
}

/**
 * Polls until `find` returns a value; undefined after the timeout. Rejects when aborted. Calls `find` at least once.
 */
export async function waitFor<T>(
  find: () => Promise<T | undefined> | T | undefined,
  options: WaitOptions,
): Promise<T | undefined> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() >= deadline) return undefined;
    await sleep(options.everyMs ?? 100, undefined, options.signal ? { signal: options.signal } : {});
  }
}
