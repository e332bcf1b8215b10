/**
 * In unit tests `node:timers/promises` is this (`vitest.config.ts`): its `setTimeout` is over the global one, which vitest's
 * fake timers replace.
 */
import { promises } from 'node:timers';

export const { setImmediate } = promises;

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
