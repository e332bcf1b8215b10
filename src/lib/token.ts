/** Bearer tokens: making, keeping and comparing them. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readIfExists, writeFileAtomic } from './files.js';

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** The token in a 0600 file; made when there is none. */
export function keepToken(path: string): string {
  const kept = readIfExists(path)?.trim();
  if (kept) return kept;
  const token = newToken();
  writeFileAtomic(path, `${token}\n`, 0o600);
  return token;
}

/** Whether an `Authorization` header carries this token; takes the same time wherever they differ. */
export function bearerMatches(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}
