/**
 * The lock of a service that other machines reach: whoever has one of its tokens may read. Programs send the token as
 * `Authorization: Bearer …`. A browser signs in once and gets a cookie: a page can't add headers to an event stream, and a
 * token in a URL ends up in logs.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { bearerMatches, sameText, signatureOf } from './bearer-token.js';
import { isLoopback } from './browser-guard.js';
import { Sessions } from './sessions.js';

export interface LockSettings {
  /** The address that the service listens on. */
  host: string;
  /** The operator token. */
  token?: string | undefined;
  /** A token that only reads. */
  viewerToken?: string | undefined;
  /** Where no token is set, everybody may read. */
  open: boolean;
}

export interface LockProblem {
  status: 401 | 403;
  code: 'TOKEN_MISSING' | 'TOKEN_WRONG' | 'NOT_ALLOWED';
  message: string;
}

/** A shift. The cookie holds no token, so that whoever copies it can read for this long and change nothing. */
const SESSION_MS = 12 * 3_600_000;
/** Every one needs a token. */
const MAX_SESSIONS = 1_000;

export class AccessLock {
  readonly #tokens: string[];
  readonly #cookie: string;
  readonly #sessions = new Sessions({ lastsMs: SESSION_MS, max: MAX_SESSIONS });

  constructor(tokens: string[]) {
    this.#tokens = tokens;
    // A browser gives a cookie to all ports of a host: services with other tokens use other names.
    const key = createHash('sha256').update(tokens.join('\n')).digest('hex');
    this.#cookie = `wasm-sensors-${signatureOf(key, 'name').slice(0, 8)}`;
  }

  /** What keeps a request from reading; undefined when it may. `now` in Unix milliseconds. */
  problemOf(c: Context, now: number): LockProblem | undefined {
    const header = c.req.header('authorization');
    if (this.#tokens.some((token) => bearerMatches(header, token)) || this.#isSignedIn(c, now)) return undefined;
    if (this.#tokens.length === 0)
      return { status: 403, code: 'NOT_ALLOWED', message: 'reading is switched off here: no token was set' };
    return header === undefined
      ? { status: 401, code: 'TOKEN_MISSING', message: 'reading needs a token: Authorization: Bearer …' }
      : { status: 403, code: 'TOKEN_WRONG', message: 'reading: the token is not the right one' };
  }

  /** Starts a browser's session with a cookie in the answer; false when the token is not one of the lock's. */
  signIn(c: Context, token: string, now: number): boolean {
    if (!this.#tokens.some((one) => sameText(one, token))) return false;
    setCookie(c, this.#cookie, this.#sessions.begin(now), {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
      maxAge: SESSION_MS / 1000,
      // A proxy that ends TLS in front of this service.
      secure: c.req.header('x-forwarded-proto') === 'https',
    });
    return true;
  }

  /** Ends the session, also for whoever has copied its cookie. */
  signOut(c: Context): void {
    this.#sessions.end(getCookie(c, this.#cookie) ?? '');
    deleteCookie(c, this.#cookie, { path: '/' });
  }

  #isSignedIn(c: Context, now: number): boolean {
    return this.#sessions.isOpen(getCookie(c, this.#cookie) ?? '', now);
  }
}

/**
 * The lock of a service; undefined where everybody may read: on loopback, unless a viewer token is given (a web server in
 * front of the service may let others in), and where it is open and no token is set.
 */
export function lockFor({ host, token, viewerToken, open }: LockSettings): AccessLock | undefined {
  if (isLoopback(host) && viewerToken === undefined) return undefined;
  const tokens = [token, viewerToken].filter((one) => one !== undefined);
  return open && tokens.length === 0 ? undefined : new AccessLock(tokens);
}
