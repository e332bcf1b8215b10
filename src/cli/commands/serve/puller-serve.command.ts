import { join } from 'node:path';
import { SERVICE_FLAGS } from '../../../config/service-config.js';
import { messageOf } from '../../../lib/errors/app-error.js';
import { hostNames } from '../../../lib/net/browser-guard.js';
import type { CommandSpec } from '../../command.js';

export const pullerServe: CommandSpec = {
  name: 'puller serve',
  summary: 'run the puller: takes readings from the queue to sinks, and serves the fleet view and the web page',
  settings: SERVICE_FLAGS.puller,
  examples: ['wasm-sensors puller serve --queue readings --sinks store,log'],
  async action({ out, settings }) {
    const [{ createPullerService }, { createPage }, { openConfiguredQueue }, { failLoudly, serveUntilStopped }] =
      await Promise.all([
        import('../../../puller/puller-service.js'),
        import('../../../web/web-page.js'),
        import('../../../queue/open-queue.js'),
        import('../../serve-role.js'),
      ]);
    failLoudly(out);
    const queue = await openConfiguredQueue(settings);
    const write = (text: string) => void process.stdout.write(text);
    const service = createPullerService({
      queue,
      storePath: settings.sinks.includes('store') ? join(settings.stateDir, 'readings.db') : undefined,
      retentionMs: settings.retention * 3_600_000,
      log: settings.sinks.includes('log') ? write : undefined,
      alert: settings.sinks.includes('alert')
        ? { afterSeconds: settings.alertAfter, webhook: settings.webhook, write }
        : undefined,
      pollers: settings.pollers,
      page: createPage(),
      hosts: hostNames(settings.host, settings.allowedHosts, settings.pullerUrl ? [settings.pullerUrl] : []),
      token: settings.token,
      say: (text) => out.note(text),
    });
    return serveUntilStopped({
      out,
      fetch: service.app.fetch,
      host: settings.host,
      port: settings.pullerPort,
      purpose: 'puller',
      flag: '--port',
      onListening() {
        service.start();
        queue.check().catch((error) => out.warn(`the queue is not there yet: ${messageOf(error)}`));
      },
      async onClose() {
        await service.stop();
        queue.close();
      },
    });
  },
};
