/** The proxy: takes readings into the queue, and holds the desired configuration. */
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
import { AuthorityFollower, type FollowStatus } from '../../proxy/authority-follower.js';
import { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import { createProxy } from '../../proxy/proxy.js';
import { RevokedHosts } from '../../proxy/revoked-hosts.js';
import { openConfiguredQueue } from '../../queue/open-queue.js';
import type { CommandContext } from '../command.js';
import { logEvent } from '../output/event-text.js';
import { checkQueue, logDefect, refuseOpen, runService, serveUntilStopped } from './run-service.js';

/** Resolves with the exit code. */
export const serveProxy = (context: CommandContext): Promise<number> =>
  runService(context.settings, async (log) => {
    const { settings, provenance } = context;
    const { host, sensorToken, sensorKey, open } = settings;
    refuseOpen(settings, [sensorToken, sensorKey], {
      code: 'SENSOR_TOKEN_NEEDED',
      act: 'send readings',
      hint: 'Set WASM_SENSORS_SENSOR_KEY or SENSOR_TOKEN (sensors get theirs by environment), or allow it with --open.',
    });
    const tls = readTls(settings);
    // A tunnel to this proxy may keep the host name under which sensors reach it.
    const hosts = hostNames(settings.host, settings.allowedHosts, settings.proxyUrl ? [settings.proxyUrl] : []);
    const lock = lockFor(settings);
    const queue = await openConfiguredQueue(settings);
    const desired = new DesiredConfigStore(join(settings.stateDir, 'desired.json'));
    const follower =
      settings.follow === undefined ? undefined : await openFollower(desired, settings.follow, context, log);
    const proxy = createProxy({
      queue,
      desired,
      modules: new ModuleStore(join(settings.stateDir, 'modules')),
      revoked: new RevokedHosts(join(settings.stateDir, 'revoked-sensors.json')),
      ...(follower ? { follower } : {}),
      onEvent: (event) => logEvent(log, event),
      log: (text) => logDefect(log, text),
      guard: {
        operatorToken: settings.token,
        sensorToken,
        sensorKeys: sensorKey === undefined ? [] : (parseSensorKeys(sensorKey) ?? []),
        open: open || isLoopback(host),
        lock,
        hosts,
        rateLimit: settings.rateLimit,
      },
    });
    const stopped = new AbortController();
    let following: Promise<void> | undefined;
    return serveUntilStopped({
      log,
      fetch: proxy.app.fetch,
      host: settings.host,
      port: settings.proxyPort,
      purpose: 'proxy',
      flag: provenance.proxyPort.source === 'environment' ? provenance.proxyPort.name : '--port',
      ...(tls ? { tls } : {}),
      // Includes retries of the queue: readings that were accepted get their answer.
      graceMs: 20_000,
      onListening(_listener, stop) {
        following = follower?.run(stopped.signal);
        return Promise.race([checkQueue(queue, log), stop]);
      },
      async onClose() {
        stopped.abort();
        await following;
        await proxy.drain();
        queue.close();
      },
    });
  });

/** Asks the authority once before this proxy serves, so that it starts with the newest configuration. */
async function openFollower(
  desired: DesiredConfigStore,
  url: string,
  { settings }: CommandContext,
  log: Logger,
): Promise<AuthorityFollower> {
  const ca = settings.tlsCa === undefined ? undefined : readCaFile(settings.tlsCa);
  const token = settings.token ?? settings.viewerToken;
  const follower = new AuthorityFollower(desired, {
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
  await follower.refresh();
  return follower;
}

function followProblem(url: string, status: Exclude<FollowStatus, { kind: 'following' }>): string {
  if (status.kind === 'failed') return `can't follow ${url}: ${status.reason}`;
  return `${url} holds version ${status.authority}, which is older than the one here: it has lost its state`;
}

function readTls({ tlsCert, tlsKey }: Settings): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new AppError('TLS_INCOMPLETE', '--tls-cert and --tls-key go together', { hint: 'Give both, or neither.' });
  }
  return readKeyPair(tlsCert, tlsKey);
}
