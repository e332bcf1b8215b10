/**
 * `node:timers/promises` over the global `setTimeout`, which vitest's fake timers replace:
 * `vi.mock('node:timers/promises', () => import('../test/support/fakeable-sleep.js'))`.
 */
export function setTimeout<T>(ms: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value as T);
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
