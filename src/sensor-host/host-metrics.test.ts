import { expect, test } from 'vitest';
import { scrape } from '../test/support/scrape.js';
import type { Cluster } from './cluster.js';
import { createSensorHostApp } from './host-routes.js';

const cluster = {
  stats: () => ({ results: { us: { '2xx': 5, network_error: 2 }, eu: { '5xx': 1 } } }),
  jobs: () => [
    { executions: [{ state: 'running' }, { state: 'running' }, { state: 'failed' }] },
    { executions: [{ state: 'completed' }] },
  ],
  nodes: () => [
    { region: 'us', connected: true },
    { region: 'us', connected: true },
    { region: 'eu', connected: false },
  ],
} as unknown as Cluster;

const app = createSensorHostApp(cluster, { token: 'control-secret' });

test('requests by region and result, executions by state, and which regions are cut', async () => {
  const H = 'wasm_sensors_host_';
  expect(await scrape(app, { authorization: 'Bearer control-secret' })).toEqual({
    [`${H}requests_total{region="us",result="2xx"}`]: 5,
    [`${H}requests_total{region="us",result="network_error"}`]: 2,
    [`${H}requests_total{region="eu",result="5xx"}`]: 1,
    [`${H}executions{state="running"}`]: 2,
    [`${H}executions{state="failed"}`]: 1,
    [`${H}executions{state="completed"}`]: 1,
    [`${H}region_connected{region="us"}`]: 1,
    [`${H}region_connected{region="eu"}`]: 0,
  });
});

test('metrics need the token, as the statistics do', async () => {
  expect((await app.request('/metrics')).status).toBe(401);
});
