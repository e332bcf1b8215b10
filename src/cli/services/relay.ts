/** The relay: a proxy for the sensors of a site, whose queue is a file from which it forwards to the proxy upstream. */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { lockFor } from '../../lib/net/access-lock.js';
import { hostNames } from '../../lib/net/browser-guard.js';
import { openFetch } from '../../lib/net/http-client.js';
import { readCaFile } from '../../lib/net/tls.js';
import { reportWarning } from '../../lib/process/shutdown.js';
import { ModuleStore } from '../../modules/module-store.js';
import { DesiredConfigStore } from '../../proxy/desired-config-store.js';
import { createProxy } from '../../proxy/proxy.js';
import { RevokedHosts } from '../../proxy/revoked-hosts.js';
import { Forwarder } from '../../relay/forwarder.js';
import { RelayBuffer } from '../../relay/relay-buffer.js';
import type { CommandContext } from '../command.js';
import { eventText, logEvent } from '../output/event-text.js';
import { guardOf, openFollower, readTls } from './proxy-parts.js';
import { logDefect, refuseOpen, runService, serveUntilStopped } from './run-service.js';

/** A module of 32 MB over a slow link. */
const MODULE_TIMEOUT_MS = 300_000;
/** The proxy answers a wrong path within 2 s. */
const PERMISSION_TIMEOUT_MS = 10_000;

interface RelayOptions {
  upstream: string;
  region: string;
  name: string | undefined;
  /** File of the readings; undefined: in the state folder. */
  data: string | undefined;
  maxBytes: number;
}

/** Resolves with the exit code. */
export const serveRelay = (
  { settings }: Pick<CommandContext, 'settings'>,
  { upstream, region, name = hostname(), data, maxBytes }: RelayOptions,
): Promise<number> =>
  runService(settings, async (log) => {
    const { sensorToken, sensorKey, relayToken: token, tlsCa } = settings;
    refuseOpen(settings, [sensorToken, sensorKey], {
      code: 'SENSOR_TOKEN_NEEDED',
      act: 'send readings',
      hint: 'Set WASM_SENSORS_SENSOR_KEY or SENSOR_TOKEN (sensors get theirs by environment), or allow it with --open.',
    });
    const tls = readTls(settings);
    const ask = openFetch(tlsCa === undefined ? undefined : readCaFile(tlsCa));
    // `up` has the same state folder, and a proxy in it.
    const folder = join(settings.stateDir, `relay-${encodeURIComponent(region)}`);
    const path = data ?? join(folder, 'relay.db');
    for (const each of [folder, dirname(path)]) mkdirSync(each, { recursive: true, mode: 0o700 });
    const buffer = new RelayBuffer(path, maxBytes, (event) => {
      logEvent(log, event);
      reportWarning(eventText(event));
    });
    const desired = new DesiredConfigStore(join(folder, 'desired.json'));
    const follower = openFollower(desired, { url: upstream, token, tlsCa }, log);
    const forwarder = new Forwarder({
      buffer,
      upstream,
      token,
      region,
      name,
      onEvent: (event) => logEvent(log, event),
      fetch: ask,
    });
    const proxy = createProxy({
      queue: buffer,
      desired,
      follower,
      uplink: forwarder,
      modules: new ModuleStore(join(folder, 'modules')),
      moduleSource: (path, method, withToken) =>
        ask(upstream + path, {
          method,
          redirect: 'error',
          signal: AbortSignal.timeout(method === 'HEAD' ? PERMISSION_TIMEOUT_MS : MODULE_TIMEOUT_MS),
          ...(withToken && token !== undefined ? { headers: { authorization: `Bearer ${token}` } } : {}),
        }),
      revoked: new RevokedHosts(join(folder, 'revoked-sensors.json')),
      onEvent(event) {
        if (event.type === 'queue.failing') logEvent(log, { type: 'relay.refusing', message: event.message });
        else if (event.type === 'queue.recovered') logEvent(log, { type: 'relay.taking' });
        else if (event.type === 'request.refused') logEvent(log, event);
      },
      log: (text) => logDefect(log, text),
      guard: {
        ...guardOf(settings),
        lock: lockFor(settings),
        hosts: hostNames(settings.host, settings.allowedHosts, settings.proxyUrl ? [settings.proxyUrl] : []),
        operatorToken: settings.token,
        region,
      },
    });
    const stopped = new AbortController();
    let running: Promise<unknown> | undefined;
    return serveUntilStopped({
      log,
      fetch: proxy.app.fetch,
      host: settings.host,
      port: settings.proxyPort,
      purpose: 'relay',
      flag: '--port',
      ...(tls ? { tls } : {}),
      onListening() {
        running = Promise.all([follower.run(stopped.signal), forwarder.run(stopped.signal)]);
      },
      async onClose() {
        await proxy.drain();
        stopped.abort();
        await running;
        buffer.close();
      },
    });
  });
