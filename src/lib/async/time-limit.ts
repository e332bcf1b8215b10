/** A time limit beside another signal. */

/**
 * Aborted with `signal`, or after so many milliseconds. `AbortSignal.any` alone does not hold the signal of the time limit: once
 * that is garbage-collected, it never comes (Node 20).
 */
export function withTimeLimit(signal: AbortSignal, ms: number): AbortSignal {
  const limit = AbortSignal.timeout(ms);
  // What has a listener is held until it has happened.
  limit.addEventListener('abort', () => {}, { once: true });
  return AbortSignal.any([signal, limit]);
}
