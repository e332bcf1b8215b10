/** The proxy: takes readings into the queue, and holds the desired configuration. */
import { join } from 'node:path';
import { lockFor } from '../../lib/net/access-lock.js';
import { hostNames } from '../../lib/net/browser-guard.js';
import { ModuleStore } from '../../modules/module-store.js';
import { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import { createProxy } from '../../proxy/proxy.js';
import { RevokedHosts } from '../../proxy/revoked-hosts.js';
import { openConfiguredQueue } from '../../queue/open-queue.js';
import type { CommandContext } from '../command.js';
import { logEvent } from '../output/event-text.js';
import { guardOf, openFollower, readTls } from './proxy-parts.js';
import { checkQueue, logDefect, refuseOpen, runService, serveUntilStopped } from './run-service.js';

/** Resolves with the exit code. */
export const serveProxy = (context: CommandContext): Promise<number> =>
  runService(context.settings, async (log) => {
    const { settings, provenance } = context;
    const { sensorToken, sensorKey } = settings;
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
    const token = settings.token ?? settings.viewerToken;
    const follower =
      settings.follow === undefined
        ? undefined
        : openFollower(desired, { url: settings.follow, token, tlsCa: settings.tlsCa }, log);
    await follower?.refresh();
    const proxy = createProxy({
      queue,
      desired,
      modules: new ModuleStore(join(settings.stateDir, 'modules')),
      pack: settings.pack,
      revoked: new RevokedHosts(join(settings.stateDir, 'revoked-sensors.json')),
      ...(follower ? { follower } : {}),
      onEvent: (event) => logEvent(log, event),
      log: (text) => logDefect(log, text),
      guard: { ...guardOf(settings), operatorToken: settings.token, lock, hosts },
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
