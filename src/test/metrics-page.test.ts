/** docs/metrics.md lists every series that the services really give, with its type and labels, and no other. */
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { createProxy } from '../proxy/proxy.js';
import { EventHub } from '../puller/events/event-hub.js';
import { pullerMetrics } from '../puller/puller-metrics.js';
import type { Cluster } from '../sensor-host/cluster.js';
import { hostMetrics } from '../sensor-host/host-routes.js';
import { createQueueServer } from '../sqs-server/sqs-server.js';
import { oneUnit } from './support/one-unit.js';
import { scrapeText } from './support/scrape.js';
import { ScriptedQueue } from './support/scripted-queue.js';

const PAGE = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
const ALERTS = readFileSync(new URL('../../templates/prometheus/alerts.yml', import.meta.url), 'utf8');
const ROW = /^\| `(wasm_sensors_\w+)` \| (\w+) \| ([\w, ]*?) ?\| .{20,} \|$/gm;

const queue = new ScriptedQueue();
const uplink = {
  status: {
    ...{ name: 'a', region: 'eu', at: 1, backlog: 0, oldest: 0, bytes: 0, max: 1, refused: 0 },
    ...{ upstream: 'http://u', problem: undefined, forwarded: 0 },
  },
};
const server = createQueueServer({ path: ':memory:' });
afterAll(() => server.close());

test.each([
  ['Proxy', createProxy({ queue }).app],
  [
    'Puller',
    pullerMetrics({
      units: oneUnit(new EventHub(), { queue }),
      bus: new EventHub(),
      now: Date.now,
    }).routes,
  ],
  ['Queue server', server.app],
  [
    'Sensor host',
    hostMetrics({ stats: () => ({ results: {} }), jobs: () => [], nodes: () => [] } as unknown as Cluster).routes,
  ],
  ['Relay', createProxy({ queue, uplink }).app],
])('%s', async (heading, app) => {
  const section = PAGE.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const listed = [...section.matchAll(ROW)].map(([, name, type]) => `${name} ${type}`);
  const text = await scrapeText(app);
  const given = [...text.matchAll(/^# TYPE (wasm_sensors_\w+ \w+)$/gm)].map(([, series]) => series!);
  // Those that it has in common with the proxy are in its section.
  const own = given.filter((series) => heading !== 'Relay' || series.startsWith('wasm_sensors_proxy_relay_'));
  expect(listed.sort()).toEqual(own.sort());
  // A row that does not match would be missing from `listed`.
  expect(section.match(/^\| `/gm)).toHaveLength(listed.length);
});

test('alert rules use only series of the page', () => {
  const known = new Set([...PAGE.matchAll(ROW)].map(([, name]) => name));
  const used = [...ALERTS.matchAll(/wasm_sensors_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
  expect(used.filter((name) => !known.has(name))).toEqual([]);
  expect(used.length).toBeGreaterThan(5);
});
