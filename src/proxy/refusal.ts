/** What the proxy refuses, and why: every refusal has a code and a message, and is counted by its code. */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { type ErrorCode, type RefusalStatus, statusOf } from '../lib/errors/codes.js';
import { httpErrorBody } from '../lib/errors/http-error.js';

export interface Refusal<Code extends string = string> {
  status: RefusalStatus;
  code: Code;
  message: string;
  /** Seconds after which another try makes sense (429 and 5xx). */
  retryAfter?: number;
}

export const refusal = <Code extends string>(
  status: RefusalStatus,
  code: Code,
  message: string,
  retryAfter?: number,
): Refusal<Code> => ({ status, code, message, ...(retryAfter === undefined ? {} : { retryAfter }) });

/** For a handler that throws what it refuses. */
export const errorOf = ({ code, message }: Refusal<ErrorCode>) => new AppError(code, message);

/** The refusal of a request whose handler threw. What is no {@link AppError} is a bug: `log` gets its stack. */
export function refusalOf(error: unknown, request: string, log: ((text: string) => void) | undefined): Refusal {
  if (error instanceof AppError) {
    const http = statusOf(error.code);
    return refusal(http, error.code, error.message, http === 429 || http >= 500 ? 2 : undefined);
  }
  log?.(`${request}: ${(error as Error).stack ?? messageOf(error)}`);
  return refusal(500, 'INTERNAL', messageOf(error), 2);
}

/** The answer to a refused request. */
export function refuse({ status, code, message, retryAfter }: Refusal): Response {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  return Response.json(httpErrorBody({ code, message }), { status, headers });
}
