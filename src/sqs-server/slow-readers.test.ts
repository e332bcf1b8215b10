import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LoopbackQueueServer, serveOnLoopback } from '../test/support/serve-on-loopback.js';

let served: LoopbackQueueServer;

beforeEach(async () => {
  served = await serveOnLoopback({ path: ':memory:' });
  await call('CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '0' } });
});

afterEach(() => served.close());

const queueUrl = () => `${served.url}/000000000000/q`;

async function call(action: string, input: object) {
  const init = { method: 'POST', headers: { 'x-amz-target': `AmazonSQS.${action}` }, body: JSON.stringify(input) };
  const text = await (await fetch(served.url, init)).text();
  return text === '' ? {} : JSON.parse(text);
}

test('one delivery has at most a mebibyte of bodies, but at least one message', async () => {
  for (const length of [1_040_000, 600_000, 400_000, 100_000]) {
    await call('SendMessage', { QueueUrl: queueUrl(), MessageBody: 'x'.repeat(length) });
  }
  const receive = { QueueUrl: queueUrl(), MaxNumberOfMessages: 10, VisibilityTimeout: 600 };
  const lengths = async () =>
    ((await call('ReceiveMessage', receive)).Messages as { Body: string }[]).map(({ Body }) => Body.length);
  expect([await lengths(), await lengths(), await lengths()]).toEqual([[1_040_000], [600_000, 400_000], [100_000]]);
});

test('a client that receives without reading is cut off, and nobody waits for it', async () => {
  await call('SendMessage', { QueueUrl: queueUrl(), MessageBody: 'x'.repeat(1_000_000) });
  const body = JSON.stringify({ QueueUrl: queueUrl() });
  const head = ['POST / HTTP/1.1', 'host: 127.0.0.1', 'x-amz-target: AmazonSQS.ReceiveMessage'];
  const request = [...head, `content-length: ${body.length}`, '', body].join('\r\n');
  const client = connect(Number(new URL(served.url).port), '127.0.0.1').pause();
  client.on('error', () => {}).write(request.repeat(60));
  // Who does not read learns of the end when it writes.
  const isCut = () => {
    client.write(' ');
    return client.destroyed;
  };
  await vi.waitUntil(isCut, { timeout: 20_000 });
  expect((await call('ReceiveMessage', { QueueUrl: queueUrl() })).Messages).toHaveLength(1);
});
