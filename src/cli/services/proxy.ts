/** The proxy: takes readings into the queue, and holds the desired configuration. */
import { createProxy } from '../../proxy/proxy.js';
import { openShardQueues } from '../../queue/shard-queues.js';
import type { CommandContext } from '../command.js';
import { logEvent } from '../output/event-text.js';
import { openFollower, openShared, readTls, sensorSide } from './proxy-parts.js';
import { checkQueue, checkStart, runService } from './run-service.js';

export const serveProxy = (context: CommandContext): Promise<number> =>
  runService(context.settings, async (log) => {
    const { settings, provenance } = context;
    const side = sensorSide(settings, settings.stateDir, log);
    const tls = readTls(settings);
    const { source, name } = provenance.proxyPort;
    const at = { purpose: 'proxy', flag: source === 'environment' ? name : '--port' };
    await checkStart(settings, settings.proxyPort, at);
    const queues = await openShardQueues(settings);
    const { follow: url, tlsCa, token = settings.viewerToken } = settings;
    const follower = url === undefined ? undefined : openFollower(side.desired, { url, token, tlsCa }, log);
    const database = await openShared(settings, side, log);
    const authority = database?.shared ?? follower;
    // So that it starts with the newest configuration.
    await authority?.refresh();
    const proxy = createProxy({
      ...side,
      queue: queues,
      pack: settings.pack,
      ...(follower ? { follower } : {}),
      ...(database ? { shared: database.shared } : {}),
      onEvent: (event) => logEvent(log, event),
    });
    const stopped = new AbortController();
    let following: Promise<void> | undefined;
    return {
      fetch: proxy.app.fetch,
      host: settings.host,
      port: settings.proxyPort,
      ...at,
      ...(tls ? { tls } : {}),
      // Includes retries of the queue: readings that were accepted get their answer.
      graceMs: 20_000,
      onListening(_listener, stop) {
        following = authority?.run(stopped.signal);
        return Promise.race([Promise.all(queues.map((queue) => checkQueue(queue, log))), stop]);
      },
      async onClose() {
        stopped.abort();
        await following;
        await database?.close();
        await proxy.drain();
        for (const queue of queues) queue.close();
      },
    };
  });
