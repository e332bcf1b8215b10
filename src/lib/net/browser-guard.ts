/** On loopback, a page of another origin, or a name rebound to 127.0.0.1, could reach our services through a browser. */
import type { Context } from 'hono';

export interface BrowserProblem {
  code: 'UNKNOWN_HOST' | 'FOREIGN_ORIGIN';
  reason: string;
}

/** Names under which a service that listens on loopback is reached. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Loopback names and addresses; everything else can be reached from outside. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/**
 * Names (without port) that requests may give as their `Host`; undefined = any. Beyond loopback nobody can tell under
 * which names a service is reached, so there only `allowed` makes a list. `urls`: valid ones under which it is known.
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
export function findBrowserProblem(c: Context, names: string[] | undefined): BrowserProblem | undefined {
  if (names === undefined) return undefined;
  const host = c.req.header('host') ?? '';
  if (!names.includes(nameOf(host))) {
    const reason = `the Host header names ${JSON.stringify(nameOf(host))}, which this service is not known as`;
    return { code: 'UNKNOWN_HOST', reason };
  }
  // An image or a script of another site comes without an Origin. Links to our page are meant.
  if (c.req.header('sec-fetch-site') === 'cross-site' && c.req.header('sec-fetch-mode') !== 'navigate') {
    return { code: 'FOREIGN_ORIGIN', reason: 'requests that pages of other sites make are refused' };
  }
  const origin = c.req.header('origin');
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return undefined;
  return { code: 'FOREIGN_ORIGIN', reason: `requests from the origin ${JSON.stringify(origin)} are refused` };
}

/** `name` of `name:port` and of `[v6]:port`. */
function nameOf(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}
