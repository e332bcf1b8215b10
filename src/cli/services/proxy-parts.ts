/** What the proxy and relays, which are proxies for their sensors, are put together of. */
import { join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { Logger } from '../../lib/log/logger.js';
import { lockFor } from '../../lib/net/access-lock.js';
import { hostNames, isLoopback } from '../../lib/net/browser-guard.js';
import { fetchTrusting } from '../../lib/net/http-client.js';
import { readCaFile, readKeyPair } from '../../lib/net/tls.js';
import { ModuleStore } from '../../modules/module-store.js';
import { parseSensorKeys } from '../../protocol/sensor-token.js';
import { type AuthorityFollower, authorityFollower, type FollowStatus } from '../../proxy/authority-follower.js';
import { type DesiredConfigStore, desiredConfigStore } from '../../proxy/desired-config-store.js';
import { revocations } from '../../proxy/revoked-hosts.js';
import { type Held, type SharedState, sharedState } from '../../proxy/shared-state.js';
import { logDefect, refuseOpen } from './run-service.js';

/** Their files are in `folder`. Throws where anybody could send. */
export function sensorSide(settings: Settings, folder: string, log: Logger) {
  const { host, sensorToken, sensorKey, open, rateLimit, token, allowedHosts, proxyUrl } = settings;
  refuseOpen(settings, [sensorToken, sensorKey], {
    code: 'SENSOR_TOKEN_NEEDED',
    act: 'send readings',
    hint: 'Set WASM_SENSORS_SENSOR_KEY or SENSOR_TOKEN (sensors get theirs by environment), or allow it with --open.',
  });
  return {
    desired: desiredConfigStore(join(folder, 'desired.json')),
    modules: new ModuleStore(join(folder, 'modules')),
    revoked: revocations(join(folder, 'revoked-sensors.json')),
    log: (text: string) => logDefect(log, text),
    guard: {
      sensorToken,
      sensorKeys: sensorKey === undefined ? [] : (parseSensorKeys(sensorKey) ?? []),
      open: open || isLoopback(host),
      rateLimit,
      operatorToken: token,
      lock: lockFor(settings),
      // A tunnel to this proxy may keep the host name under which sensors reach it.
      hosts: hostNames(host, allowedHosts, proxyUrl ? [proxyUrl] : []),
    },
  };
}

/** Of a proxy that follows an authority; it has not asked yet. */
export function openFollower(
  desired: DesiredConfigStore,
  { url, token, tlsCa }: { url: string; token: string | undefined; tlsCa: string | undefined },
  log: Logger,
): AuthorityFollower {
  const ca = tlsCa === undefined ? undefined : readCaFile(tlsCa);
  return authorityFollower(desired, {
    url,
    ...(token === undefined ? {} : { token }),
    fetch: (target, init) => fetchTrusting(ca, target, init),
    onStatus: logStatus(desired, url, log),
  });
}

/** The database that the proxies share, if the settings name one. Rejects where it can't be used, unless it may just be away. */
export async function openShared(
  { store, shards, follow }: Settings,
  own: Held,
  log: Logger,
): Promise<{ shared: SharedState; close(): Promise<void> } | undefined> {
  if (store === 'sqlite') return undefined;
  if (follow !== undefined) {
    throw new AppError('BAD_OPTION', 'a proxy follows another one (--follow), or a database (--store), and not both', {
      hint: 'Leave one of them out.',
    });
  }
  // Loaded late: proxies and relays without a database do without its client.
  const { sharedDocument } = await import('../../store/postgres/shared-document.js');
  const document = sharedDocument(store, shards);
  await document.prepare().catch((error) => {
    if (!(error instanceof AppError && error.code === 'STORE_UNREACHABLE')) throw error;
  });
  const onStatus = logStatus(own.desired, document.url, log);
  return { shared: sharedState(own, document, { onStatus }), close: () => document.close() };
}

const logStatus = (desired: DesiredConfigStore, url: string, log: Logger) => (status: FollowStatus) => {
  const fields = { url, version: desired.version };
  const version = `version ${desired.version}`;
  if (status.kind === 'following') return log.info('follow.recovered', `following ${url} (${version})`, fields);
  const problem =
    status.kind === 'failed'
      ? `can't follow ${url}: ${status.reason}`
      : `${url} holds version ${status.authority}, which is older than the one here: it has lost its state`;
  log.warn('follow.failing', `${problem}; answering sensors with ${version}`, fields);
};

export function readTls({ tlsCert, tlsKey }: Settings): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new AppError('TLS_INCOMPLETE', '--tls-cert and --tls-key go together', { hint: 'Give both, or neither.' });
  }
  return readKeyPair(tlsCert, tlsKey);
}
