/** What the proxy refuses, and why: every refusal has a code and a message, and is counted by its code. */
import { type ErrorCode, type RefusalStatus, statusOf } from '../lib/errors/codes.js';
import { httpErrorBody, knownError } from '../lib/errors/http-error.js';

export interface Refusal {
  status: RefusalStatus;
  code: string;
  message: string;
  /** Seconds after which another try makes sense (429 and 5xx). */
  retryAfter?: number;
}

export function refusal(code: ErrorCode, message: string): Refusal {
  const status = statusOf(code);
  return { status, code, message, ...(status === 429 || status >= 500 ? { retryAfter: 2 } : {}) };
}

/** The refusal of a request whose handler threw; `log` gets the stack of a bug. */
export function refusalOf(error: unknown, request = '', log?: (text: string) => void): Refusal {
  const { code, message } = knownError(error, (text) => log?.(`${request}: ${text}`));
  return refusal(code, message);
}

/** The answer to a refused request. */
export function refuse({ status, code, message, retryAfter }: Refusal): Response {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return Response.json(httpErrorBody({ code, message }), { status, headers });
}
