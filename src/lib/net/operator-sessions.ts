/**
 * Browsers that have signed in with the operator token, and may change things. A session is a random id in a cookie, known
 * to this process only: a restart, another token, or an hour without a change ends it. A cookie goes to every page of this
 * host, whatever its port, so each change also carries a key that only a page of this service can read.
 */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { bearerMatches, newToken, sameText, signatureOf } from './bearer-token.js';

export interface ChangeProblem {
  status: 401 | 403;
  code: 'TOKEN_MISSING' | 'TOKEN_WRONG' | 'FOREIGN_ORIGIN';
  message: string;
}

interface Session {
  /** Value of {@link SESSION_KEY_HEADER}. */
  key: string;
  /** Unix milliseconds. */
  ends: number;
}

/** Without a change; each change starts it anew. */
const SESSION_MS = 3_600_000;
/** Every one needs the operator token; the oldest makes room. */
const MAX_SESSIONS = 100;
export const SESSION_KEY_HEADER = 'x-session-key';

export class OperatorSessions {
  readonly #token: string;
  readonly #cookie: string;
  readonly #sessions = new Map<string, Session>();

  /** `token`: the operator token. */
  constructor(token: string) {
    this.#token = token;
    // A browser gives a cookie to all ports of a host: services with other tokens use other names.
    this.#cookie = `wasm-sensors-operator-${signatureOf(token, 'operator').slice(0, 8)}`;
  }

  /** Starts a session with a cookie in the answer; false when it is not the operator token. `now` in Unix milliseconds. */
  signIn(c: Context, token: string, now: number): boolean {
    if (!sameText(token, this.#token)) return false;
    const id = newToken();
    this.#sessions.set(id, { key: newToken(), ends: now + SESSION_MS });
    for (const [old, { ends }] of this.#sessions) {
      if (ends <= now || this.#sessions.size > MAX_SESSIONS) this.#sessions.delete(old);
    }
    setCookie(c, this.#cookie, id, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      // A proxy that ends TLS in front of this service.
      secure: c.req.header('x-forwarded-proto') === 'https',
    });
    return true;
  }

  signOut(c: Context): void {
    const id = getCookie(c, this.#cookie);
    if (id !== undefined) this.#sessions.delete(id);
    deleteCookie(c, this.#cookie, { path: '/' });
  }

  /** The key that changes of this browser must carry; undefined when it has not signed in. */
  keyOf(c: Context, now: number): string | undefined {
    return this.#sessionOf(c, now)?.key;
  }

  /** What keeps a request from changing something; undefined when it may: with the token, or with a session and its key. */
  problemOf(c: Context, now: number): ChangeProblem | undefined {
    const header = c.req.header('authorization');
    if (header !== undefined) {
      if (bearerMatches(header, this.#token)) return undefined;
      return { status: 403, code: 'TOKEN_WRONG', message: 'changes: the token is not the operator token' };
    }
    const session = this.#sessionOf(c, now);
    if (!session)
      return { status: 401, code: 'TOKEN_MISSING', message: 'sign in with the operator token to change this' };
    if (!sameText(c.req.header(SESSION_KEY_HEADER) ?? '', session.key)) {
      return { status: 403, code: 'FOREIGN_ORIGIN', message: 'the change does not carry the key of its session' };
    }
    session.ends = now + SESSION_MS;
    return undefined;
  }

  #sessionOf(c: Context, now: number): Session | undefined {
    const session = this.#sessions.get(getCookie(c, this.#cookie) ?? '');
    return session && session.ends > now ? session : undefined;
  }
}
