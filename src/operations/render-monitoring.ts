/** Writes what a Prometheus needs to watch the services: a scrape configuration and alert rules. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document } from 'yaml';
import { writeFileAtomic } from '../lib/fs/durable-files.js';
import { packageRoot } from '../lib/process/self-command.js';
import type { ScrapeTargets } from '../runtime/scrape-targets.js';

const FOLDER = 'prometheus';
const HEADING = [
  ' Made by `wasm-sensors render`. Start it with: prometheus --config.file=prometheus.yml --web.listen-address=127.0.0.1:9190',
  " (its own port is the proxy's). Render again when the services listen elsewhere.",
  ' docs/metrics.md explains the series.',
].join('\n');

/** Resolves with the files, relative to `folder`. */
export function renderMonitoring(folder: string, { services, tlsCa, tokenFile }: ScrapeTargets): string[] {
  mkdirSync(join(folder, FOLDER), { recursive: true });
  const authorization = tokenFile === undefined ? {} : { authorization: { credentials_file: tokenFile } };
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
