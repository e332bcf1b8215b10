/** What clients of HTTP services need: private authorities, waiting for a service, answers that are not too long. */
import type { Agent } from 'undici';
import { waitFor } from '../async/backoff.js';

/** What a proxy answers in JSON: the configuration of 50,000 hosts, or a refusal for each of 10,000 readings. */
const MAX_ANSWER_BYTES = 8 * 1_048_576;

/** The body of an answer. Rejects as soon as more than `max` bytes have come out of it, also where it was compressed. */
export async function readAnswer(response: Response, max = MAX_ANSWER_BYTES): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  // Whoever leaves the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    total += chunk.length;
    if (total > max) throw new Error(`the answer is longer than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

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

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** As `fetch`. `ca`: PEM of the only authority to trust, instead of the usual ones. */
export const fetchTrusting = (ca: string | undefined, url: string, init: RequestInit = {}): Promise<Response> =>
  // Without pipelining the connection closes after its answer, and does not keep a command running.
  openFetch(ca, { pipelining: 0 })(url, init);

/** The same for a service, which keeps its connections: with each one TLS costs as much as many requests. */
export function openFetch(ca: string | undefined, options: { pipelining?: number } = {}): Fetch {
  if (ca === undefined) return fetch;
  let dispatcher: Agent | undefined;
  return async (url, init = {}) => {
    // Loaded late: few commands need it, and it is slow to load.
    const { Agent, fetch: fetchWith } = await import('undici');
    dispatcher ??= new Agent({ connect: { ca }, ...options });
    return (await fetchWith(url, { ...(init as object), dispatcher })) as unknown as Response;
  };
}
