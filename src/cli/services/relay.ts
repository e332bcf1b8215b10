/** The relay: a proxy for the sensors of a site, whose queue is a file from which it forwards to the proxy upstream. */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { openFetch } from '../../lib/net/http-client.js';
import { readCaFile } from '../../lib/net/tls.js';
import { reportWarning } from '../../lib/process/shutdown.js';
import { createProxy } from '../../proxy/proxy.js';
import { Forwarder } from '../../relay/forwarder.js';
import { RelayBuffer } from '../../relay/relay-buffer.js';
import type { CommandContext } from '../command.js';
import type { RELAY_OPTIONS } from '../commands/serve.command.js';
import { eventText, logEvent } from '../output/event-text.js';
import { openFollower, readTls, sensorSide } from './proxy-parts.js';
import { refuseForeignFile, runService } from './run-service.js';

/** A module of 32 MB over a slow link. */
const MODULE_TIMEOUT_MS = 300_000;
/** The proxy answers a wrong path within 2 s. */
const PERMISSION_TIMEOUT_MS = 10_000;

export const serveRelay = ({ settings, options }: CommandContext<typeof RELAY_OPTIONS>): Promise<number> =>
  runService(settings, async (log) => {
    const { upstream, region, name = hostname(), data, maxBytes } = options;
    const { relayToken: token, tlsCa } = settings;
    // `up` has the same state folder, and a proxy in it.
    const folder = join(settings.stateDir, `relay-${encodeURIComponent(region)}`);
    const side = sensorSide(settings, folder, log);
    const tls = readTls(settings);
    const ask = openFetch(tlsCa === undefined ? undefined : readCaFile(tlsCa));
    const path = data ?? join(folder, 'relay.db');
    if (data !== undefined) refuseForeignFile(data, settings);
    for (const each of [folder, dirname(path)]) mkdirSync(each, { recursive: true, mode: 0o700 });
    const buffer = new RelayBuffer(path, maxBytes, (event) => {
      logEvent(log, event);
      reportWarning(eventText(event));
    });
    // It takes readings at once, and follows when its proxy answers.
    const follower = openFollower(side.desired, { url: upstream, token, tlsCa }, log);
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
      ...side,
      guard: { ...side.guard, region },
      queue: buffer,
      follower,
      uplink: forwarder,
      moduleSource: (path, method, withToken) =>
        ask(upstream + path, {
          method,
          redirect: 'error',
          signal: AbortSignal.timeout(method === 'HEAD' ? PERMISSION_TIMEOUT_MS : MODULE_TIMEOUT_MS),
          ...(withToken && token !== undefined ? { headers: { authorization: `Bearer ${token}` } } : {}),
        }),
      onEvent(event) {
        if (event.type === 'queue.failing') logEvent(log, { type: 'relay.refusing', message: event.message });
        else if (event.type === 'queue.recovered') logEvent(log, { type: 'relay.taking' });
        else if (event.type === 'request.refused') logEvent(log, event);
      },
    });
    const stopped = new AbortController();
    let running: Promise<unknown> | undefined;
    return {
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
    };
  });
