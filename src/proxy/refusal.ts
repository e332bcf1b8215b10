/** What the proxy refuses, and why: every refusal is JSON with a code and a reason, and is counted by its code. */

export interface Refusal {
  status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 503;
  code: string;
  reason: string;
  /** Seconds after which another try makes sense (503 and 429). */
  retryAfter?: number;
}

export const refusal = (status: Refusal['status'], code: string, reason: string, retryAfter?: number): Refusal => ({
  status,
  code,
  reason,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

/** The answer to a refused request. */
export function refuse({ status, code, reason, retryAfter }: Refusal): Response {
  return new Response(JSON.stringify({ error: { code, reason } }), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
  });
}
