import { expect, test } from 'vitest';
import { accessLock } from '../lib/net/access-lock.js';
import type { OutgoingMessage, SendResult } from '../queue/queue.js';
import { scrape } from '../test/support/scrape.js';
import { ScriptedQueue } from '../test/support/scripted-queue.js';
import { createProxy } from './proxy.js';

const accept = async (messages: OutgoingMessage[]): Promise<SendResult[]> =>
  messages.map((_, i) => ({ ok: true, id: `${i}` }));

function start(send: (messages: OutgoingMessage[]) => Promise<SendResult[]> = accept) {
  const { app, stats } = createProxy({ queue: Object.assign(new ScriptedQueue(), { send }), batcher: { lingerMs: 0 } });
  const post = (body: unknown) => app.request('/send', { method: 'POST', body: JSON.stringify(body) });
  return { app, stats, post };
}

const P = 'wasm_sensors_proxy_';

test('what was accepted and what was superseded is counted by region, what was refused by reason', async () => {
  const { app, stats, post } = start();
  const from = (hostname: string, region: string, time: number) => ({
    ...{ execution_id: hostname, hostname, region },
    job_submission_time: time,
  });
  await post([from('a', 'us', 2), { ...from('b', 'eu', 2), values: { a: 1, b: 2 } }, { data: 'no region' }]);
  await post([from('a', 'us', 1), from('b', 'eu', 2)]);
  await post('text');
  await post([from('a', 'us', 2), { color: 'red' }]);
  const samples = await scrape(app);
  expect(samples).toMatchObject({
    [`${P}readings_accepted_total{region="us"}`]: 2,
    [`${P}readings_accepted_total{region="eu"}`]: 2,
    [`${P}readings_accepted_total{region="unknown"}`]: 1,
    [`${P}values_accepted_total`]: 2,
    [`${P}readings_superseded_total{region="us"}`]: 1,
    [`${P}refusals_total{reason="NOT_AN_OBJECT"}`]: 1,
    [`${P}refusals_total{reason="BAD_FIELD"}`]: 1,
  });
  expect(stats()).toMatchObject({ accepted: 5, superseded: 1, refused: { NOT_AN_OBJECT: 1, BAD_FIELD: 1 } });
});

test('a batch that the queue takes only at the second try is counted as retried', async () => {
  let tries = 0;
  const { app, post } = start(async (messages) =>
    messages.map(() =>
      ++tries > 1 ? { ok: true, id: '1' } : { ok: false, code: 'InternalError', reason: 'busy', retryable: true },
    ),
  );
  await post({ execution_id: 'e', region: 'us' });
  expect(await scrape(app)).toMatchObject({
    [`${P}queue_batches_total`]: 2,
    [`${P}queue_retries_total`]: 1,
    [`${P}readings_waiting`]: 0,
    [`${P}readings_accepted_total{region="us"}`]: 1,
  });
});

test('metrics are locked as the statistics are', async () => {
  const guard = { lock: accessLock(['viewer-secret']) };
  const { app } = createProxy({ queue: new ScriptedQueue(), guard });
  expect((await app.request('/metrics')).status).toBe(401);
  expect(await scrape(app, { authorization: 'Bearer viewer-secret' })).toMatchObject({
    [`${P}refusals_total{reason="TOKEN_MISSING"}`]: 1,
  });
});
