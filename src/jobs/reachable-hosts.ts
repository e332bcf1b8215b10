/** Where the module of a job may send requests: to the proxy that it was given, and to what the operator allows. */
import { isIP } from 'node:net';
import { hostOf } from '../lib/net/host-list.js';

export interface Reaching {
  proxyUrl: string;
  /** Entries of a `HostList`. */
  allow?: readonly string[];
}

export const reachableHosts = ({ proxyUrl, allow = [] }: Reaching): string[] => [
  ...new Set([...(URL.canParse(proxyUrl) ? [hostOf(new URL(proxyUrl))] : []), ...allow]),
];

/**
 * The same as domains of a Bacalhau job, which have no ports. Undefined where Bacalhau can't say it, and the job has to
 * have its node's whole network: for names without a dot, such as `localhost`, addresses of IPv6, and a proxy in another
 * spelling than Bacalhau compares.
 */
export function domainsOf(job: Reaching): string[] | undefined {
  const names = reachableHosts(job).map((host) => host.replace(/:\d+$/, ''));
  const known = names.length > 0 && job.proxyUrl.includes(names[0]!) && names.every(isDomain);
  return known ? [...new Set(names)] : undefined;
}

const isDomain = (name: string): boolean => isIP(name) === 4 || /^([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}$/.test(name);
