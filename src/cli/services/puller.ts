/** The puller: takes readings from the queue to its sinks, and serves the fleet view and the web page. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.js';
import { AppError } from '../../lib/errors/app-error.js';
import { lockFor, operatorSessions } from '../../lib/net/access-lock.js';
import { hostNames } from '../../lib/net/browser-guard.js';
import { ENDED_NETWORK } from '../../puller/ended-network.js';
import { createPuller } from '../../puller/puller.js';
import { openConfiguredQueue } from '../../queue/open-queue.js';
import { openShardQueues } from '../../queue/shard-queues.js';
import { createPage } from '../../web/web-page.js';
import type { CommandContext } from '../command.js';
import { logEvent } from '../output/event-text.js';
import { pageControls } from './page-controls.js';
import { checkQueue, checkStart, logDefect, refuseOpen, runService } from './run-service.js';

/** Of a file, or the URL of a database. */
function storeOf({ store, stateDir }: Settings): string {
  if (store !== 'postgres') return store === 'sqlite' ? join(stateDir, 'readings.db') : store;
  throw new AppError('BAD_SETTING', 'the store `postgres` is that of `up --network compose`', {
    hint: 'Name yours: postgres://user@host/database.',
  });
}

export const servePuller = (context: CommandContext): Promise<number> =>
  runService(context.settings, async (log) => {
    const { settings } = context;
    const { token, viewerToken } = settings;
    refuseOpen(settings, [token, viewerToken], {
      code: 'VIEWER_TOKEN_NEEDED',
      act: 'read',
      hint: 'Set WASM_SENSORS_VIEWER_TOKEN or WASM_SENSORS_TOKEN, or allow it with --open.',
    });
    const at = { purpose: 'puller', flag: '--port' };
    await checkStart(settings, settings.pullerPort, at);
    const lock = lockFor(settings);
    const operator = token === undefined ? undefined : operatorSessions(token);
    const queues = await openShardQueues(settings);
    const write = (text: string) => void process.stdout.write(text);
    const has = (sink: Settings['sinks'][number]) => settings.sinks.includes(sink);
    const service = await createPuller({
      queues,
      openUnsharded: settings.shards > 1 ? () => openConfiguredQueue({ ...settings, shards: 1 }) : undefined,
      pollers: settings.pollers,
      sinks: {
        store: has('store')
          ? {
              path: storeOf(settings),
              endedNetwork: join(settings.stateDir, ENDED_NETWORK),
              retentionMs: {
                readings: settings.retention * 3_600_000,
                minutes: settings.minuteRetention * 86_400_000,
                hours: settings.hourRetention * 86_400_000,
              },
            }
          : undefined,
        log: has('log') ? write : undefined,
        alert: has('alert')
          ? {
              afterSeconds: settings.alertAfter,
              webhook: settings.webhook,
              onAlert(alert) {
                const fields = Object.fromEntries(Object.entries(alert).filter(([name]) => !NOT_LOGGED.has(name)));
                const [level, word] = alert.firing ? (['warn', 'alert'] as const) : (['info', 'over'] as const);
                log[level](alert.type, `${word}: ${alert.text}`, fields);
              },
            }
          : undefined,
      },
      http: {
        page: createPage(lock, operator),
        lock,
        operator,
        hosts: hostNames(settings.host, settings.allowedHosts, [urlForOthers(settings, 'http://127.0.0.1')]),
        token,
        log: (text) => logDefect(log, text),
      },
      controls: (fleet, markLink) => pageControls(settings, fleet, markLink),
      onEvent: (event) => logEvent(log, event),
    });
    return {
      fetch: service.app.fetch,
      host: settings.host,
      port: settings.pullerPort,
      ...at,
      onListening({ url }, stop) {
        for (const queue of queues) void checkQueue(queue, log);
        return Promise.race([service.start(urlForOthers(settings, url)), stop]);
      },
      async onClose() {
        await service.stop();
        for (const queue of queues) queue.close();
      },
    };
  });

/** Where other pullers reach this one: where it listens, or by the name of its machine, if that is on all its addresses. */
function urlForOthers({ host, pullerUrl }: Settings, url: string): string {
  if (pullerUrl !== undefined || !['0.0.0.0', '::'].includes(host)) return pullerUrl ?? url;
  const { protocol, port } = new URL(url);
  return `${protocol}//${hostname()}:${port}`;
}

/** What the line has already, or repeats. */
const NOT_LOGGED = new Set(['event', 'type', 'at', 'rule', 'text']);
