/**
 * The lock of a service that other machines reach: whoever has one of its tokens may read. Programs send the token as
 * `Authorization: Bearer …`. A browser signs in once and gets a cookie: a page can't add headers to an event stream, and a
 * token in a URL ends up in logs.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { AppError } from '../errors/app-error.js';
import { sameText, signatureOf, tokenProblem } from './bearer-token.js';
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

/** A shift. The cookie holds no token, so that whoever copies it can read for this long and change nothing. */
const SESSION_MS = 12 * 3_600_000;
/** Every one needs a token. */
const MAX_SESSIONS = 1_000;

export class AccessLock {
  readonly #tokens: string[];
  readonly #cookie: string;
  readonly #sessions = new Sessions(SESSION_MS, MAX_SESSIONS);

  constructor(tokens: string[]) {
    this.#tokens = tokens;
    // A browser gives a cookie to all ports of a host: services with other tokens use other names.
    const key = createHash('sha256').update(tokens.join('\n')).digest('hex');
    this.#cookie = `wasm-sensors-${signatureOf(key, 'name').slice(0, 8)}`;
  }

  /** What keeps a request from reading; undefined when it may. `now` in Unix milliseconds. */
  problemOf(c: Context, now: number): AppError | undefined {
    if (this.#sessions.isOpen(getCookie(c, this.#cookie) ?? '', now)) return undefined;
    return tokenProblem(c.req.header('authorization'), this.#tokens, 'reading');
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
