/**
 * The lock of a service that other machines reach: whoever has one of its tokens may read. Programs send the token as
 * `Authorization: Bearer …`. A browser signs in once and gets a cookie: a page can't add headers to an event stream, and a
 * token in a URL ends up in logs.
 */
import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { AppError } from '../errors/app-error.js';
import { newToken, sameText, signatureOf, tokenProblem } from './bearer-token.js';
import { isLoopback } from './browser-guard.js';

/** `host`: the address that the service listens on. `token`: the operator token. */
type LockSettings = { host: string; open: boolean } & Record<'token' | 'viewerToken', string | undefined>;

/** A shift. The cookie holds no token, so that whoever copies it can read for this long and change nothing. */
const SESSION_MS = 12 * 3_600_000;
/** Every one needs a token. */
const MAX_SESSIONS = 1_000;

export type AccessLock = ReturnType<typeof accessLock>;

export function accessLock(tokens: string[]) {
  const sessions = sessionsOf(SESSION_MS, MAX_SESSIONS);
  // A browser gives a cookie to all ports of a host: services with other tokens use other names.
  const key = createHash('sha256').update(tokens.join('\n')).digest('hex');
  const cookie = `wasm-sensors-${signatureOf(key, 'name').slice(0, 8)}`;
  return {
    /** What keeps a request from reading; undefined when it may. `now` in Unix milliseconds. */
    problemOf(c: Context, now: number): AppError | undefined {
      if (sessions.isOpen(getCookie(c, cookie) ?? '', now)) return undefined;
      return tokenProblem(c.req.header('authorization'), tokens, 'reading');
    },

    /** Starts a browser's session with a cookie in the answer; false when the token is not one of the lock's. */
    signIn(c: Context, token: string, now: number): boolean {
      if (!tokens.some((one) => sameText(one, token))) return false;
      setCookie(c, cookie, sessions.begin(now), {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: SESSION_MS / 1000,
        // A proxy that ends TLS in front of this service.
        secure: c.req.header('x-forwarded-proto') === 'https',
      });
      return true;
    },

    /** Ends the session, also for whoever has copied its cookie. */
    signOut(c: Context): void {
      sessions.end(getCookie(c, cookie) ?? '');
      deleteCookie(c, cookie, { path: '/' });
    },
  };
}

/**
 * The lock of a service; undefined where everybody may read: on loopback, unless a viewer token is given (a web server in
 * front of the service may let others in), and where it is open and no token is set.
 */
export function lockFor({ host, open, token, viewerToken }: LockSettings): AccessLock | undefined {
  if (isLoopback(host) && viewerToken === undefined) return undefined;
  const tokens = [token, viewerToken].filter((one) => one !== undefined);
  return open && tokens.length === 0 ? undefined : accessLock(tokens);
}

export const lockedBy =
  (lock: AccessLock | undefined): MiddlewareHandler =>
  async (c, next) => {
    const problem = lock?.problemOf(c, Date.now());
    if (problem) throw problem;
    await next();
  };

/** Without a change; each change starts it anew. */
const CHANGE_SESSION_MS = 3_600_000;
/** Every one needs the operator token. */
const MAX_CHANGE_SESSIONS = 100;
export const SESSION_KEY_HEADER = 'x-session-key';

/**
 * Browsers that have signed in with the operator token, and may change things. A browser sends a cookie to every port of a
 * host, whoever listens there. So a session is no cookie: its key is in the answer to the sign-in, the page keeps it where
 * only pages of this service can read it, and each change carries it in a header. A restart, another token, or an hour
 * without a change ends it.
 */
export type OperatorSessions = ReturnType<typeof operatorSessions>;

export function operatorSessions(operatorToken: string) {
  const sessions = sessionsOf(CHANGE_SESSION_MS, MAX_CHANGE_SESSIONS);
  const isSignedIn = (c: Context, now: number): boolean => sessions.isOpen(keyOf(c), now);
  return {
    isSignedIn,
    signOut: (c: Context): void => sessions.end(keyOf(c)),

    /** The key of a new session; undefined when it is not the operator token. `now` in Unix milliseconds. */
    signIn: (token: string, now: number): string | undefined =>
      sameText(token, operatorToken) ? sessions.begin(now) : undefined,

    /** What keeps a request from changing something; undefined when it may: with the token, or with the key of a session. */
    problemOf(c: Context, now: number): AppError | undefined {
      const header = c.req.header('authorization');
      if (header !== undefined) return tokenProblem(header, [operatorToken], 'changing this');
      if (!isSignedIn(c, now)) return new AppError('TOKEN_MISSING', 'sign in with the operator token to change this');
      sessions.renew(keyOf(c), now);
      return undefined;
    },
  };
}

const keyOf = (c: Context): string => c.req.header(SESSION_KEY_HEADER) ?? '';

/**
 * Sessions of browsers: random ids, known to this process only, so that it can end them, and a restart ends all. Of more than
 * `max` the oldest makes room.
 */
function sessionsOf(lastsMs: number, max: number) {
  /** By id; Unix milliseconds. */
  const ends = new Map<string, number>();
  /** From now on it lasts its whole time again. */
  const renew = (id: string, now: number) => void ends.set(id, now + lastsMs);
  return {
    renew,
    isOpen: (id: string, now: number): boolean => (ends.get(id) ?? 0) > now,
    end: (id: string) => void ends.delete(id),
    /** Returns the id of a new one. */
    begin(now: number): string {
      const id = newToken();
      renew(id, now);
      for (const [old, end] of ends) if (end <= now || ends.size > max) ends.delete(old);
      return id;
    },
  };
}
