/** What the proxy refuses, and why: every refusal has a code and a message, and is counted by its code. */
import type { RefusalStatus } from '../lib/errors/codes.js';
import { httpErrorBody } from '../lib/errors/http-error.js';

export interface Refusal {
  status: RefusalStatus;
  code: string;
  message: string;
  /** Seconds after which another try makes sense (429 and 5xx). */
  retryAfter?: number;
}

export const refusal = (status: RefusalStatus, code: string, message: string, retryAfter?: number): Refusal => ({
  status,
  code,
  message,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

/** The answer to a refused request. */
export function refuse({ status, code, message, retryAfter }: Refusal): Response {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return Response.json(httpErrorBody({ code, message }), { status, headers });
}
