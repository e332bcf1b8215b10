import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadSettings } from '../config/load-settings.js';
import { renderMonitoring } from './render-monitoring.js';

const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a Prometheus is told where the services usually listen', async () => {
  const { values: settings } = loadSettings({ stateDir: join(folder, 'state'), proxyPort: '18080' }, folder);
  const render = async () => {
    expect(await renderMonitoring(folder, settings)).toEqual(['prometheus/prometheus.yml', 'prometheus/alerts.yml']);
    return parse(readFileSync(join(folder, 'prometheus/prometheus.yml'), 'utf8'));
  };
  const { rule_files, scrape_configs } = await render();
  expect(rule_files.map((name: string) => existsSync(join(folder, 'prometheus', name)))).toEqual([true]);
  expect(scrape_configs).toHaveLength(3);
  expect(scrape_configs[0]).toEqual({
    job_name: 'wasm-sensors-proxy',
    static_configs: [{ targets: ['127.0.0.1:18080'] }],
  });
});
