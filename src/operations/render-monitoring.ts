/** Writes what a Prometheus needs to watch the services: a scrape configuration and alert rules. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Document } from 'yaml';
import type { Settings } from '../config/settings.js';
import { writeFileAtomic } from '../lib/fs/durable-files.js';
import { packageRoot } from '../lib/process/self-command.js';
import { loadProvider } from '../network/registry.js';
import { type RunState, readRunState, tokenFileOf } from '../runtime/run-state.js';

const FOLDER = 'prometheus';
const HEADING = [
  ' Made by `wasm-sensors render`. Start it with: prometheus --config.file=prometheus.yml --web.listen-address=127.0.0.1:9190',
  " (its own port is the proxy's). Render again when the services listen elsewhere.",
  ' docs/metrics.md explains the series.',
].join('\n');

/** Services are where the running `up` has them, else where they usually listen. Resolves with the files, relative to `folder`. */
export async function renderMonitoring(folder: string, settings: Settings): Promise<string[]> {
  mkdirSync(join(folder, FOLDER), { recursive: true });
  const stateDir = resolve(settings.stateDir);
  const state = readRunState(stateDir);
  const { tlsCa } = state?.alive ? state : {};
  const tokenFile = tokenFileOf(stateDir);
  const authorization = existsSync(tokenFile) ? { authorization: { credentials_file: tokenFile } } : {};
  const { proxyPort, pullerPort, queuePort } = settings;
  const services = state?.alive
    ? await servicesOfUp(state)
    : { proxy: urlOf(proxyPort), puller: urlOf(pullerPort), queue: urlOf(queuePort) };
  const document = new Document({
    global: { scrape_interval: '15s', evaluation_interval: '15s' },
    rule_files: ['alerts.yml'],
    scrape_configs: Object.entries(services).map(([name, url]) => {
      const { protocol, host } = new URL(url);
      return {
        job_name: `wasm-sensors-${name}`,
        ...(protocol === 'https:' ? { scheme: 'https', ...(tlsCa ? { tls_config: { ca_file: tlsCa } } : {}) } : {}),
        ...authorization,
        static_configs: [{ targets: [host] }],
      };
    }),
  });
  document.commentBefore = HEADING;
  writeFileAtomic(join(folder, FOLDER, 'prometheus.yml'), document.toString(), 0o644);
  const alerts = readFileSync(join(packageRoot, 'templates', FOLDER, 'alerts.yml'), 'utf8');
  writeFileAtomic(join(folder, FOLDER, 'alerts.yml'), alerts, 0o644);
  return [`${FOLDER}/prometheus.yml`, `${FOLDER}/alerts.yml`];
}

async function servicesOfUp({ kind, connection, endpoints }: RunState): Promise<Record<string, string>> {
  const provider = await loadProvider(kind);
  const { data } = provider.connectionSchema.safeParse(connection);
  const host = data === undefined ? undefined : provider.sensorHostUrl?.(data);
  const { proxy, puller, queue } = endpoints;
  return { proxy, puller, ...(queue === undefined ? {} : { queue }), ...(host === undefined ? {} : { host }) };
}

const urlOf = (port: number) => `http://127.0.0.1:${port}`;
