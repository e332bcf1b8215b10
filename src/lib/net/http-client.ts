/** What clients of HTTP services need: private authorities, waiting for a service, the clock of its machine. */
import { waitFor } from '../async/backoff.js';

/** Resolves when a GET of the URL is answered with 2xx; rejects when aborted. */
export async function waitForHttp(url: string, signal: AbortSignal): Promise<void> {
  const answers = async () => (await answersHttp(url)) || undefined;
  await waitFor(answers, { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 50, signal });
}

/** Whether a GET of the URL is answered with 2xx now. `ca`: as in `fetchTrusting`. */
export function answersHttp(url: string, ca?: string): Promise<boolean> {
  return fetchTrusting(ca, url, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}

/** As `fetch`. `ca`: PEM of the only authority to trust, instead of the usual ones. */
export async function fetchTrusting(ca: string | undefined, url: string, init: RequestInit = {}): Promise<Response> {
  if (ca === undefined) return fetch(url, init);
  // Loaded late: few commands need it, and it is slow to load.
  const { Agent, fetch: fetchWith } = await import('undici');
  // Without pipelining the connection closes after its answer, and does not keep a command running.
  const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
  return (await fetchWith(url, { ...(init as object), dispatcher })) as unknown as Response;
}
