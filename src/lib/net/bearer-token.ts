/** Creates bearer tokens, keeps them in files and compares them. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../fs/durable-files.js';

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** What an HTTP header can carry: plain ASCII on one line. */
export const FIT_FOR_HEADER = /^[\x20-\x7e]*$/;

/** The token in a file; undefined when the file does not exist or is empty. Throws `TOKEN_DAMAGED`. */
export function readToken(path: string): string | undefined {
  const token = readIfExists(path)?.trim();
  if (token !== undefined && !FIT_FOR_HEADER.test(token)) {
    throw new AppError('TOKEN_DAMAGED', `${path} is not a token: it has bytes that no HTTP header can carry`, {
      hint: 'Remove the file, and `up` makes a new one. Or write a token of your own into it, in plain ASCII on one line.',
    });
  }
  return token || undefined;
}

/** The token in a file that only its owner can read; created when there is none. Throws `TOKEN_DAMAGED`. */
export function keepToken(path: string): string {
  const kept = readToken(path);
  if (kept !== undefined) return kept;
  const token = newToken();
  writeFileAtomic(path, `${token}\n`, 0o600);
  return token;
}

/** Whether an `Authorization` header carries this token, in a time that does not depend on where they differ. */
export function bearerMatches(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}
