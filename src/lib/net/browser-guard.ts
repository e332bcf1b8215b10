/**
 * Refuses requests that a browser makes for a page of another site. Such a page reaches services on loopback: directly,
 * or under a name of its own that resolves to 127.0.0.1 (DNS rebinding).
 */
import type { Context, MiddlewareHandler } from 'hono';
import { AppError } from '../errors/app-error.js';

/** Names under which a service that listens on loopback is reached. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Whether a host is a loopback name or address; everything else can be reached from other machines. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/**
 * Names (without port) that requests may have as their `Host`; undefined = any. Beyond loopback the names of a service
 * are not known, so there only `allowed` restricts them. `urls`: valid URLs of the service.
 */
export function hostNames(
  listeningOn: string,
  allowed: string[] | undefined,
  urls: string[] = [],
): string[] | undefined {
  if (allowed === undefined && !isLoopback(listeningOn)) return undefined;
  const ofUrls = urls.map((url) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'));
  return [...LOOPBACK_NAMES, listeningOn, ...ofUrls, ...(allowed ?? [])].map((name) => name.toLowerCase());
}

/** What is wrong with a request's `Host` or `Origin`, if anything. `names` (without port): undefined = any. */
export function findBrowserProblem(c: Context, names: string[] | undefined): AppError | undefined {
  const header = (name: string) => c.req.header(name);
  const host = header('host') ?? '';
  if (names !== undefined && !names.includes(nameOf(host))) {
    const named = JSON.stringify(nameOf(host));
    return new AppError('UNKNOWN_HOST', `the Host header names ${named}, which is not a name of this service`);
  }
  // Images and scripts on a page of another site or port have no Origin header. Links to our page are allowed.
  const isForeign = ['cross-site', 'same-site'].includes(header('sec-fetch-site') ?? '');
  if (isForeign && header('sec-fetch-mode') !== 'navigate') {
    return new AppError('FOREIGN_ORIGIN', 'requests of other pages are refused');
  }
  // A web server in front of this service may have given it another Host than the browser sees.
  if (header('sec-fetch-site') === 'same-origin') return undefined;
  const origin = header('origin');
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return undefined;
  return new AppError('FOREIGN_ORIGIN', `requests from the origin ${JSON.stringify(origin)} are refused`);
}

/** The same for all routes of an app. */
export function refuseForeignPages(names: string[] | undefined): MiddlewareHandler {
  return async (c, next) => {
    const problem = findBrowserProblem(c, names);
    if (problem) throw problem;
    await next();
  };
}

/** `name` of `name:port` and of `[v6]:port`. */
function nameOf(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}
