/**
 * The one shape of an error answer, everywhere over HTTP: `{"error":{"code","message","reason",…}}`. `reason` is the
 * older name of `message` and always equal to it; new clients read `message`.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import { printable } from '../control-characters.js';
import { decodeUtf8, parseJson } from '../json.js';
import { readBody } from '../net/request-body.js';
import { AppError, messageOf } from './app-error.js';
import { type ErrorCode, knownCode, statusOf } from './codes.js';

export interface HttpError {
  /** Stable, such as `TOKEN_WRONG`; see docs/errors.md. */
  code: string;
  message: string;
  hint?: string | undefined;
}

export function httpErrorBody({ code, message, hint }: HttpError): { error: HttpError & { reason: string } } {
  return { error: { code, message, reason: message, hint } };
}

/**
 * Answers a request whose handler threw; for Hono's `onError`. An {@link AppError} gets the status of its code.
 * Everything else is a bug, never the caller's fault: 500 `INTERNAL`, with the stack in the log.
 *
 * @example app.onError((error, c) => answerError(error, c, console.error));
 */
export function answerError(error: Error, c: Context, log: (text: string) => void): Response {
  const known = knownError(error, (text) => log(printable(`${c.req.method} ${c.req.path}: ${text}`)));
  return c.json(httpErrorBody(known), statusOf(known.code));
}

export const answerNotFound = (c: Context): Response =>
  c.json(httpErrorBody({ code: 'NO_SUCH_PATH', message: `there is no ${c.req.method} ${c.req.path} here` }), 404);

type Problem = (field: string, message: string) => AppError;

/** The body of a request. Rejects as {@link readBody} and {@link parseJson}, or with `problem` of the first field that does not fit. */
export function readJsonBody<T extends z.ZodType>(
  c: Context,
  schema: T,
  problem: Problem = (field, message) => new AppError('BAD_REQUEST', `${field || 'body'}: ${message}`),
): Promise<z.output<T>> {
  return readBody(c, (bytes) => parsedBy(schema, parseJson(decodeUtf8(bytes)), problem));
}

/** The parameters of a URL. Throws `BAD_QUERY`, naming the first that does not fit. */
export const parseQuery = <T extends z.ZodType>(schema: T, query: Record<string, string>): z.output<T> =>
  parsedBy(schema, query, (field, message) => new AppError('BAD_QUERY', `${field || 'the query'}: ${message}`));

/** A part of a body. Throws `BAD_REQUEST`, naming the first field that does not fit. */
export const parsePart = <T extends z.ZodType>(schema: T, part: unknown): z.output<T> =>
  parsedBy(schema, part, (field, message) => new AppError('BAD_REQUEST', `${field || 'args'}: ${message}`));

function parsedBy<T extends z.ZodType>(schema: T, value: unknown, problem: Problem): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw problem(path.join('.'), message);
}

/** What a client is told of an error: one that is no {@link AppError} is a bug, whose stack is logged. */
export function knownError(error: unknown, log: (text: string) => void): AppError {
  if (error instanceof AppError) return error;
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return new AppError('INTERNAL', messageOf(error));
}

/** Reads an error answer. */
export const httpErrorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string().optional(), hint: z.string().optional() }) })
  .transform(({ error }): HttpError => ({ ...error, message: error.message ?? error.code }));

/**
 * The error that a service answered with, for its client. `fallback`: the code where the answer has none, or one that this
 * version does not know; then the message is `otherwise`.
 */
export function errorFromAnswer(answer: unknown, fallback: ErrorCode, otherwise: string): AppError {
  const parsed = httpErrorSchema.safeParse(answer);
  if (!parsed.success) return new AppError(fallback, otherwise);
  const { code, message, hint } = parsed.data;
  return new AppError(knownCode(code, fallback), message, { hint });
}

/**
 * Calls the JSON API of a process of `up`. A call rejects with the error that was answered; where nothing answers, with
 * `gone`.
 */
export function apiClient(base: string, token: string, gone: { code: ErrorCode; message: string; hint: string }) {
  return async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(base + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause) => {
      throw new AppError(gone.code, gone.message, { hint: gone.hint, cause });
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    throw errorFromAnswer(answer, 'INTERNAL', `${base} answered ${method} ${path} with ${response.status}`);
  };
}
