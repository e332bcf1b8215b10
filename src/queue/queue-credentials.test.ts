/** What is secret in the URL of a queue comes out nowhere. */
import { afterEach, expect, test, vi } from 'vitest';
import { createProxy } from '../proxy/proxy.js';
import { type LoopbackQueueServer, serveOnLoopback } from '../test/support/serve-on-loopback.js';
import type { Queue } from './queue.js';
import { healthRoutes } from './queue-health.js';
import { openSqsQueue } from './sqs-queue.js';

let served: LoopbackQueueServer | undefined;
let queue: Queue | undefined;

afterEach(async () => {
  queue?.close();
  await served?.close();
  served = undefined;
});

test.each([true, false])(
  'a queue that does not exist is named in /ready without its secrets (unsigned: %s)',
  async (unsigned) => {
    served = await serveOnLoopback({ path: ':memory:' });
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const url = `${served.url.replace('http://', 'http://me:s3cret@')}/000000000000/none?key=s3cret`;
    queue = await openSqsQueue({ queue: url, unsigned, credentials, region: 'us-east-1' });
    const answer = await healthRoutes(queue).request('/ready');
    const text = await answer.text();
    expect([answer.status, text]).toEqual([503, expect.stringContaining(`${served.url}/000000000000/none`)]);
    expect(text + queue.name).not.toContain('s3cret');
  },
);

test('a queue that does not answer is named in answers and counts of the proxy without its secrets', async () => {
  queue = await openSqsQueue({ queue: 'http://me:s3cret@127.0.0.1:1/0/q?key=s3cret', unsigned: true });
  const proxy = createProxy({ queue, batcher: { giveUpMs: 100 } });
  const answer = await proxy.app.request('/send', { method: 'POST', body: '{"a":1}' });
  const texts = [await answer.text(), JSON.stringify(proxy.stats()), await (await proxy.app.request('/ready')).text()];
  expect(answer.status).toBe(503);
  for (const text of texts) expect(text).toContain('127.0.0.1');
  for (const text of texts) expect(text).not.toContain('s3cret');
});

test.each([
  ['ftp://me:s3cret@host/q', undefined],
  ['me:s3cret@host/q', undefined],
  ['http://me:s3cret@host/q?key=s3cret', 'http://me:s3cret@other'],
  ['readings', 'ftp://me:s3cret@other?key=s3cret'],
])('the queue %s at %s is refused without its secrets', async (name, endpoint) => {
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', '');
  const refused = openSqsQueue({ queue: name, ...(endpoint === undefined ? {} : { endpoint }) });
  const error = await refused.catch((caught: Error) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toContain('s3cret');
  vi.unstubAllEnvs();
});
