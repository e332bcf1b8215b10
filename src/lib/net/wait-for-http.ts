/** Waits for services over HTTP. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fetchTrusting } from './fetch-with-ca.js';

/** Resolves when a GET of the URL is answered with 2xx; rejects when aborted. */
export async function waitForHttp(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await answersHttp(url)) return;
    await sleep(50, undefined, { signal });
  }
}

/** Whether a GET of the URL is answered with 2xx now. `ca`: as in `fetchTrusting`. */
export function answersHttp(url: string, ca?: string): Promise<boolean> {
  return fetchTrusting(ca, url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}
