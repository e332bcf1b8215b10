import { join } from 'node:path';
import { SERVICE_FLAGS } from '../../../config/service-config.js';
import type { Settings } from '../../../config/settings.js';
import { messageOf, usageError } from '../../../lib/errors/app-error.js';
import { hostNames, isLoopback } from '../../../lib/net/browser-guard.js';
import { readKeyPair } from '../../../lib/net/tls.js';
import type { CommandSpec } from '../../command.js';

export const proxyServe: CommandSpec = {
  name: 'proxy serve',
  summary: 'run the proxy: POST /send takes readings and puts them into the queue',
  settings: SERVICE_FLAGS.proxy,
  examples: [
    'wasm-sensors proxy serve --queue https://sqs.eu-west-1.amazonaws.com/123456789012/readings',
    `curl -X POST http://localhost:9090/send -H 'Content-Type: application/json' -d '{"data":{"test":"hello"}}'`,
  ],
  async action({ out, settings, provenance }) {
    const [{ createProxy }, { DesiredConfig }, { openConfiguredQueue }, { failLoudly, serveUntilStopped }] =
      await Promise.all([
        import('../../../proxy/proxy.js'),
        import('../../../proxy/desired-store.js'),
        import('../../../queue/open-queue.js'),
        import('../../serve-role.js'),
      ]);
    failLoudly(out);
    if (!isLoopback(settings.host) && settings.sensorToken === undefined && !settings.open) {
      throw usageError(
        'SENSOR_TOKEN_NEEDED',
        `listening on ${settings.host}, anybody who reaches this machine could send readings`,
        'Set SENSOR_TOKEN (sensors get it by environment), or allow it with --open.',
      );
    }
    const tls = readTls(settings);
    // A tunnel that leads here may keep the name under which sensors know it.
    const hosts = hostNames(settings.host, settings.allowedHosts, settings.proxyUrl ? [settings.proxyUrl] : []);
    const queue = await openConfiguredQueue(settings);
    const proxy = createProxy({
      queue,
      desired: new DesiredConfig(join(settings.stateDir, 'desired.json')),
      guard: {
        ...(settings.token === undefined ? {} : { operatorToken: settings.token }),
        ...(settings.sensorToken === undefined ? {} : { sensorToken: settings.sensorToken }),
        ...(hosts ? { hosts } : {}),
        rateLimit: settings.rateLimit,
      },
    });
    return serveUntilStopped({
      out,
      fetch: proxy.app.fetch,
      host: settings.host,
      port: settings.proxyPort,
      purpose: 'proxy',
      flag: provenance.proxyPort.source === 'environment' ? provenance.proxyPort.name : '--port',
      ...(tls ? { tls } : {}),
      // Retries of the queue included: what was accepted gets its answer.
      graceMs: 20_000,
      onListening: () => queue.check().catch((error) => out.warn(`the queue is not there yet: ${messageOf(error)}`)),
      async onClose() {
        await proxy.drain();
        queue.close();
      },
    });
  },
};

function readTls({ tlsCert, tlsKey }: Settings): { cert: string; key: string } | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usageError('TLS_INCOMPLETE', '--tls-cert and --tls-key go together', 'Give both, or neither.');
  }
  return readKeyPair(tlsCert, tlsKey);
}
