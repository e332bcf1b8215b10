/**
 * Browsers that have signed in with the operator token, and may change things. A browser sends a cookie to every port of a
 * host, whoever listens there. So a session is no cookie: its key is in the answer to the sign-in, the page keeps it where
 * only pages of this service can read it, and each change carries it in a header. A restart, another token, or an hour
 * without a change ends it.
 */
import type { Context } from 'hono';
import { AppError } from '../errors/app-error.js';
import { sameText, tokenProblem } from './bearer-token.js';
import { Sessions } from './sessions.js';

/** Without a change; each change starts it anew. */
const SESSION_MS = 3_600_000;
/** Every one needs the operator token. */
const MAX_SESSIONS = 100;
export const SESSION_KEY_HEADER = 'x-session-key';

export class OperatorSessions {
  readonly #token: string;
  readonly #sessions = new Sessions(SESSION_MS, MAX_SESSIONS);

  /** `token`: the operator token. */
  constructor(token: string) {
    this.#token = token;
  }

  /** The key of a new session; undefined when it is not the operator token. `now` in Unix milliseconds. */
  signIn(token: string, now: number): string | undefined {
    return sameText(token, this.#token) ? this.#sessions.begin(now) : undefined;
  }

  signOut(c: Context): void {
    this.#sessions.end(keyOf(c));
  }

  isSignedIn(c: Context, now: number): boolean {
    return this.#sessions.isOpen(keyOf(c), now);
  }

  /** What keeps a request from changing something; undefined when it may: with the token, or with the key of a session. */
  problemOf(c: Context, now: number): AppError | undefined {
    const header = c.req.header('authorization');
    if (header !== undefined) return tokenProblem(header, [this.#token], 'changing this');
    if (!this.isSignedIn(c, now))
      return new AppError('TOKEN_MISSING', 'sign in with the operator token to change this');
    this.#sessions.renew(keyOf(c), now);
    return undefined;
  }
}

const keyOf = (c: Context): string => c.req.header(SESSION_KEY_HEADER) ?? '';
