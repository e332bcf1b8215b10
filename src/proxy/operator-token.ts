/**
 * Hono's `bearerAuth` is not used: it answers 401 to a wrong token, and 400 to another scheme. Ours are 403.
 */
import { bearerMatches } from '../lib/net/bearer-token.js';
import { type Refusal, refusal } from './refusal.js';

/** Checks a bearer token; `what` names what it permits. */
export function checkToken(header: string | undefined, token: string | undefined, what: string): Refusal | undefined {
  if (token === undefined) return refusal(403, 'NOT_ALLOWED', `${what} is switched off here: no token was set`);
  if (header === undefined) return refusal(401, 'TOKEN_MISSING', `${what} needs a token: Authorization: Bearer …`);
  return bearerMatches(header, token)
    ? undefined
    : refusal(403, 'TOKEN_WRONG', `${what}: the token is not the right one`);
}
