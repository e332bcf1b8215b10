/** What the proxy and relays, which are proxies for their sensors, are put together of. */
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { Logger } from '../../lib/log/logger.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import { fetchTrusting } from '../../lib/net/http-client.js';
import { readCaFile, readKeyPair } from '../../lib/net/tls.js';
import { parseSensorKeys } from '../../protocol/sensor-token.js';
import { AuthorityFollower, type FollowStatus } from '../../proxy/authority-follower.js';
import type { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import type { GuardOptions } from '../../proxy/proxy.js';

/** Which sensors may send. */
export const guardOf = ({ host, sensorToken, sensorKey, open, rateLimit }: Settings): GuardOptions => ({
  sensorToken,
  sensorKeys: sensorKey === undefined ? [] : (parseSensorKeys(sensorKey) ?? []),
  open: open || isLoopback(host),
  rateLimit,
});

/** Asks the authority once before this proxy serves, so that it starts with the newest configuration. */
export function openFollower(
  desired: DesiredConfigStore,
  { url, token, tlsCa }: { url: string; token: string | undefined; tlsCa: string | undefined },
  log: Logger,
): AuthorityFollower {
  const ca = tlsCa === undefined ? undefined : readCaFile(tlsCa);
  return new AuthorityFollower(desired, {
    url,
    ...(token === undefined ? {} : { token }),
    fetch: (target, init) => fetchTrusting(ca, target, init),
    onStatus(status) {
      const { version } = desired;
      if (status.kind === 'following')
        log.info('follow.recovered', `following ${url} (version ${version})`, { url, version });
      else
        log.warn('follow.failing', `${followProblem(url, status)}; answering sensors with version ${version}`, {
          url,
          version,
        });
    },
  });
}

function followProblem(url: string, status: Exclude<FollowStatus, { kind: 'following' }>): string {
  if (status.kind === 'failed') return `can't follow ${url}: ${status.reason}`;
  return `${url} holds version ${status.authority}, which is older than the one here: it has lost its state`;
}

export function readTls({ tlsCert, tlsKey }: Settings): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new AppError('TLS_INCOMPLETE', '--tls-cert and --tls-key go together', { hint: 'Give both, or neither.' });
  }
  return readKeyPair(tlsCert, tlsKey);
}
