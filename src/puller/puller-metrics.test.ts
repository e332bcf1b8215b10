import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Reading } from '../protocol/message.js';
import type { SqliteStore } from '../store/sqlite/sqlite-store.js';
import { oneUnit } from '../test/support/one-unit.js';
import { scrape } from '../test/support/scrape.js';
import { ScriptedQueue } from '../test/support/scripted-queue.js';
import { EventHub } from './events/event-hub.js';
import { pullerMetrics } from './puller-metrics.js';

const P = 'wasm_sensors_puller_';
const NOW = Date.parse('2026-01-01T00:00:00.000Z');

let hub: EventHub;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  hub = new EventHub();
});

afterEach(() => vi.useRealTimers());

/** `age`: milliseconds between its being taken and its being stored. */
function store(region: string, sequence: number, age: number): void {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: `e-${region}`, icon_name: '', color: '', region, hostname: region, sequence },
    ...{ timestamp: new Date(NOW - age).toISOString(), job_submission_time: 1 },
  };
  hub.record([{ id: 'm', body: '', message: {}, config: undefined, receivedAt: NOW, reading }]);
}

const metricsOf = (queue = new ScriptedQueue()) =>
  pullerMetrics({
    units: oneUnit(hub, {
      queue,
      store: { forgotten: 3, notRolledUp: 0, stats: { damagedRows: 1 } } as unknown as SqliteStore,
      stats: () => ({
        messages: 0,
        queueServer: undefined,
        clockAheadMs: 0,
        lagMs: 1500,
        ...{ received: 9, deleted: 7, deadLettered: 2, deadLetteredBy: { NOT_JSON: 2 }, deadLetters: 6 },
        ...{ failures: 4, lastError: undefined },
        store: { damagedRows: 1, quarantined: ['a', 'b'], writtenBack: { problem: 'deleted', times: 1, agoMs: 5 } },
      }),
      failures: () => ({ delete: 3, retention: 1 }),
    }),
    bus: hub,
    now: Date.now,
  }).routes;

test('readings are counted by region: new, repeated, late and missing ones, and the sensors that sent them', async () => {
  const app = metricsOf();
  for (const sequence of [1, 3, 3, 2, 9]) store('us', sequence, 100);
  store('eu', 1, 100);
  expect(await scrape(app)).toMatchObject({
    [`${P}readings_total{region="us"}`]: 4,
    [`${P}readings_total{region="eu"}`]: 1,
    [`${P}readings_duplicate_total{region="us"}`]: 1,
    [`${P}readings_late_total{region="us"}`]: 1,
    [`${P}sensors{region="us",state="live"}`]: 1,
    [`${P}sensors{region="us",state="silent"}`]: 0,
  });
  vi.setSystemTime(NOW + 20_000);
  expect(await scrape(app)).toMatchObject({ [`${P}readings_missing{region="us"}`]: 5 });
});

test('the latency is the time from taking to storing, of every reading once; a clock ahead counts as none', async () => {
  const app = metricsOf();
  store('us', 1, 300);
  store('us', 1, 300);
  store('us', 2, 40_000);
  store('us', 3, -5_000);
  const name = `${P}reading_latency_seconds`;
  expect(await scrape(app)).toMatchObject({
    [`${name}_count{region="us"}`]: 3,
    [`${name}_sum{region="us"}`]: 40.3,
    [`${name}_bucket{le="0.01",region="us"}`]: 1,
    [`${name}_bucket{le="0.25",region="us"}`]: 1,
    [`${name}_bucket{le="0.5",region="us"}`]: 2,
    [`${name}_bucket{le="60",region="us"}`]: 3,
  });
});

test('the pipeline and its failures by task', async () => {
  expect(await scrape(metricsOf())).toMatchObject({
    [`${P}messages_received_total`]: 9,
    [`${P}messages_deleted_total`]: 7,
    [`${P}messages_dead_lettered_total{reason="NOT_JSON"}`]: 2,
    [`${P}dead_letters`]: 6,
    [`${P}queue_lag_seconds`]: 1.5,
    [`${P}ready`]: 1,
    [`${P}rows_expired_total`]: 3,
    [`${P}rows_damaged`]: 1,
    [`${P}store_quarantined_files`]: 2,
    [`${P}store_written_back`]: 1,
    [`${P}failures_total{task="delete"}`]: 3,
    [`${P}failures_total{task="retention"}`]: 1,
    [`${P}queue_messages{state="visible"}`]: 3,
    [`${P}queue_messages{state="in_flight"}`]: 2,
    [`${P}queue_messages{state="delayed"}`]: 1,
  });
});

test('a queue that does not tell its depth has none, and the scrape succeeds', async () => {
  const silent = Object.assign(new ScriptedQueue(), { depth: () => Promise.reject(new Error('gone')) });
  expect(Object.keys(await scrape(metricsOf(silent))).filter((name) => name.includes('queue_messages'))).toEqual([]);
});
