/** Creates bearer tokens, keeps them in files and compares them. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { MiddlewareHandler } from 'hono';
import { AppError } from '../errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../fs/durable-files.js';

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** What an HTTP header can carry: plain ASCII on one line. */
export const FIT_FOR_HEADER = /^[\x20-\x7e]*$/;

/** Write permission of the group and of everybody. */
const OTHERS_WRITE = 0o022;

/** Throws `TOKEN_WRITABLE` for a file with a secret that others could have replaced by one that they know. */
export function refuseWritable(path: string): void {
  // Windows has no such permissions, and reports all of them.
  const mode = process.platform === 'win32' ? 0 : (statSync(path, { throwIfNoEntry: false })?.mode ?? 0);
  if ((mode & OTHERS_WRITE) === 0) return;
  throw new AppError('TOKEN_WRITABLE', `${path}: other users can write this file, which holds a token`, {
    hint: `If its content is yours, run \`chmod 600 ${path}\`.`,
  });
}

/** The token in a file; undefined when the file does not exist or is empty. Throws `TOKEN_DAMAGED` and `TOKEN_WRITABLE`. */
export function readToken(path: string): string | undefined {
  refuseWritable(path);
  const token = readIfExists(path)?.trim();
  if (token !== undefined && !FIT_FOR_HEADER.test(token)) {
    throw new AppError('TOKEN_DAMAGED', `${path} is not a token: it has bytes that no HTTP header can carry`, {
      hint: 'Remove the file, and `up` makes a new one. Or write a token of your own into it, in plain ASCII on one line.',
    });
  }
  return token || undefined;
}

/** The token in a file that only its owner can read; created when there is none. Throws as {@link readToken}. */
export function keepToken(path: string): string {
  const kept = readToken(path);
  if (kept !== undefined) return kept;
  const token = newToken();
  writeFileAtomic(path, `${token}\n`, 0o600);
  return token;
}

/**
 * What keeps a request from `what`, which needs one of the tokens; undefined when it has one. Hono's `bearerAuth` is not used:
 * it answers 400 to another scheme.
 */
export function tokenProblem(
  header: string | undefined,
  tokens: (string | undefined)[],
  what: string,
): AppError | undefined {
  if (tokens.some((token) => token !== undefined && sameText(header ?? '', `Bearer ${token}`))) return undefined;
  if (tokens.every((token) => token === undefined))
    return new AppError('NOT_ALLOWED', `${what} is switched off here: it was started without an operator token`);
  return header === undefined
    ? new AppError('TOKEN_MISSING', `${what} needs a token: Authorization: Bearer …`)
    : new AppError('TOKEN_WRONG', `${what}: the token is not the right one`);
}

/** The same for all routes of an app, but the `open` paths. */
export function needsToken(token: string | undefined, what: string, open: string[] = []): MiddlewareHandler {
  return async (c, next) => {
    const problem = tokenProblem(c.req.header('authorization'), [token], what);
    if (problem && !open.includes(c.req.path)) throw problem;
    await next();
  };
}

/** Compares in a time that does not depend on where the texts differ. */
export function sameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** The HMAC-SHA256 of a text, in letters that fit a header and a cookie. */
export const signatureOf = (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64url');
