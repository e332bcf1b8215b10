/**
 * Where nodes download a module from a proxy. A download of Bacalhau carries no token, so the path itself is the permission:
 * it is signed with the operator token by the command that deploys, and checked by every proxy that has the same token.
 */
import { sameText, signatureOf } from '../lib/net/bearer-token.js';

/**
 * `/modules/<year>-<signature>/<sha256>.wasm`. It holds until the year begins, at least for one year: nodes download again
 * whenever they start the job, long after its deployment. Within a year it stays the same, and so does the job that has it.
 * `now` in Unix milliseconds.
 */
export function modulePath(sha256: string, operatorToken: string, now = Date.now()): string {
  return `/modules/${permissionOf(sha256, operatorToken, new Date(now).getUTCFullYear() + 2)}/${sha256}.wasm`;
}

/** Whether this part of a path permits the download of a module. `now` in Unix milliseconds. */
export function permits(permission: string, sha256: string, operatorToken: string, now: number): boolean {
  const year = Number(/^(\d{4})-/.exec(permission)?.[1]);
  return now < Date.UTC(year, 0, 1) && sameText(permission, permissionOf(sha256, operatorToken, year));
}

/** Whether it has the form of one; only its proxy can say more. */
export const isPermission = (text: string): boolean => /^\d{4}-[\w-]{43}$/.test(text);

const permissionOf = (sha256: string, token: string, year: number) =>
  `${year}-${signatureOf(token, `module ${sha256} ${year}`)}`;
