/** Where a relay on loopback can stand in for the proxy. */
import { networkInterfaces } from 'node:os';
import { isLoopback } from '../../lib/net/browser-guard.js';
import type { RelayTarget } from './relay.js';

export interface ProxyTarget extends RelayTarget {
  /** The proxy's URL for those who reach it through a relay on this port. */
  urlBehind(port: number): string;
}

/**
 * Undefined for a proxy on another machine, whose name would not lead to the relay, and for one that speaks https under
 * another name than the relay has, which its certificate does not vouch for.
 */
export function proxyTarget(proxyUrl: string): ProxyTarget | undefined {
  const url = new URL(proxyUrl);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const ofRelay = ['127.0.0.1', 'localhost'].includes(host);
  if (secure ? !ofRelay : !isLoopback(host) && !ownAddresses().includes(host)) return undefined;
  const name = secure ? host : '127.0.0.1';
  const path = url.pathname.replace(/\/$/, '');
  return {
    host,
    port: Number(url.port || (secure ? 443 : 80)),
    urlBehind: (port) => `${url.protocol}//${name}:${port}${path}`,
  };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
}
