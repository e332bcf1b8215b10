/** What the proxy refuses, and why: every refusal has a code and a message, and is counted by its code. */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { type ErrorCode, type RefusalStatus, statusOf } from '../lib/errors/codes.js';
import { httpErrorBody } from '../lib/errors/http-error.js';

export interface Refusal {
  status: RefusalStatus;
  code: string;
  message: string;
  /** Seconds after which another try makes sense (429 and 5xx). */
  retryAfter?: number;
}

export const refusal = (code: ErrorCode, message: string): Refusal => ({ status: statusOf(code), code, message });

/** The refusal of a request whose handler threw. What is no {@link AppError} is a bug: `log` gets its stack. */
export function refusalOf(error: unknown, request: string, log: ((text: string) => void) | undefined): Refusal {
  if (!(error instanceof AppError)) log?.(`${request}: ${(error as Error).stack ?? messageOf(error)}`);
  const found = refusal(error instanceof AppError ? error.code : 'INTERNAL', messageOf(error));
  return found.status === 429 || found.status >= 500 ? { ...found, retryAfter: 2 } : found;
}

/** The answer to a refused request. */
export function refuse({ status, code, message, retryAfter }: Refusal): Response {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return Response.json(httpErrorBody({ code, message }), { status, headers });
}
