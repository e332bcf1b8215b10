/**
 * Answers wrong tokens late, and later with each, so that tokens can't be tried one after the other. Right ones are never
 * delayed by this.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../errors/app-error.js';
import { isLoopback } from './browser-guard.js';
import { connectionOf } from './client-gone.js';

/** Who has mistyped does not notice it; twice as long with each further one. */
const FIRST_MS = 100;
const LONGEST_MS = 2_000;
/** After this time without a wrong token it begins anew. */
const FORGET_AFTER_MS = 60_000;
/** More addresses are not remembered; the one that was wrong least recently is forgotten first. */
const MAX_ADDRESSES = 10_000;
/** While so many wait, further tokens from their address are not read: five can be tried in a second. */
const MAX_WAITING = 10;

interface Tries {
  count: number;
  /** Unix milliseconds of the last one. */
  at: number;
  waiting: number;
}

export class WrongTokens {
  readonly #tries = new Map<string, Tries>();

  /**
   * Whether tokens from this address have to wait until those before are answered. On loopback they never do: all programs
   * of this machine, and everybody behind a web server on it, have one address.
   */
  isFull(address: string): boolean {
    return !isLoopback(address) && (this.#tries.get(address)?.waiting ?? 0) >= MAX_WAITING;
  }

  /** Resolves when a wrong token from this address is to be answered. */
  async wait(address: string, now = Date.now()): Promise<void> {
    const known = this.#tries.get(address);
    const tries = known && now - known.at < FORGET_AFTER_MS ? known : { count: 0, at: now, waiting: 0 };
    tries.count++;
    tries.at = now;
    this.#tries.delete(address);
    this.#tries.set(address, tries);
    if (this.#tries.size > MAX_ADDRESSES) this.#tries.delete(this.#tries.keys().next().value!);
    tries.waiting++;
    const delay = Math.min(LONGEST_MS, FIRST_MS * 2 ** (tries.count - 1));
    await new Promise((resolve) => void setTimeout(resolve, delay));
    tries.waiting--;
  }
}

/** The address of a client; of IPv6 the part that one site has. Undefined for a request that came over no connection. */
export function addressOf(c: Context): string | undefined {
  const address = connectionOf(c).incoming?.socket.remoteAddress?.replace(/^::ffff:/, '');
  return address?.includes(':') && !isLoopback(address) ? address.split(':').slice(0, 4).join(':') : address;
}

/**
 * For all routes that take a token; a wrong one is a `TOKEN_WRONG` that they throw. `isKnown`: whether a request has a token
 * that can't be guessed; it is served whatever its neighbours try.
 */
export function lateRefusals(wrong: WrongTokens, isKnown = (_: Context): boolean => false): MiddlewareHandler {
  return async (c, next) => {
    const address = addressOf(c);
    if (address !== undefined && wrong.isFull(address) && !isKnown(c)) {
      c.header('retry-after', String(LONGEST_MS / 1000));
      throw new AppError('TOO_MANY_TRIES', 'too many wrong tokens come from this address; try again');
    }
    await next();
    if (address !== undefined && isWrongToken(c)) await wrong.wait(address);
  };
}

/** The sign-in form answers with a page. */
function isWrongToken({ req, res, error }: Context): boolean {
  if (error instanceof AppError) return error.code === 'TOKEN_WRONG';
  return req.path === '/session' && res.status === 403;
}
