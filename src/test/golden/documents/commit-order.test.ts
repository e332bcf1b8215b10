/** What is acknowledged is on disk: the order of commits and answers, of group and deletion, of file calls and answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProxy } from '../../../proxy/proxy.js';
import { Puller } from '../../../puller/puller.js';
import { StoreSink } from '../../../puller/sinks/readings-store.js';
import type { OutgoingMessage, Queue, ReceivedMessage, SendResult } from '../../../queue/queue.js';
import { createQueueServer } from '../../../sqs-server/sqs-server.js';
import { failing, forgetTrace, trace } from './watched-database.js';

vi.mock('libsql', async (original) => (await import('./watched-database.js')).watchDatabases(original));

const recorded = (name: string) => `../recorded/documents/order/${name}.txt`;
const expectTrace = (name: string) => expect(`${trace.join('\n')}\n`).toMatchFileSnapshot(recorded(name));

let folder: string;
const cleanUps: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-order-'));
  forgetTrace();
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  rmSync(folder, { recursive: true });
});

/** However busy the machine is. */
const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 30_000, interval: 1 });

/** An embedded queue server with the queue `q`, and a call that notes its answer. */
async function startQueue() {
  const server = createQueueServer({ path: join(folder, 'queue.db') });
  cleanUps.push(() => server.close());
  const call = async (action: string, input: object) => {
    const headers = { 'x-amz-target': `AmazonSQS.${action}` };
    const response = await server.app.request('/', { method: 'POST', headers, body: JSON.stringify(input) });
    const text = await response.text();
    const { MessageId: _, ...answer } = JSON.parse(text || '{}');
    trace.push(`> ${action} is answered with ${response.status} ${summary(answer)}`);
    return answer as { Messages?: { Body: string; ReceiptHandle: string }[] };
  };
  await call('CreateQueue', { QueueName: 'q' });
  // A commit within 5 ms of this one would wait for others.
  await until(() => server.stats().commits === 1);
  trace.length = 0;
  return { server, call };
}

const summary = ({ Messages, message }: { Messages?: { Body: string }[]; message?: string }) =>
  [...(Messages ?? []).map(({ Body }) => Body), ...(message === undefined ? [] : [message])].join(', ') || '(nothing)';

const QueueUrl = 'http://any/000000000000/q';

/** From now on nothing is committed before `commit` is called. */
function holdCommits(): { inserted(count: number): Promise<void>; commit(): void } {
  const real = { setTimeout, setImmediate };
  const held: (() => void)[] = [];
  // A real timer is given back, for it will be cleared as one.
  vi.stubGlobal('setTimeout', (callback: () => void, ms: number) => {
    if (ms > 10) return real.setTimeout(callback, ms);
    held.push(callback);
    return real.setTimeout(() => {}, 0);
  });
  vi.stubGlobal('setImmediate', (callback: () => void) => {
    held.push(callback);
    return real.setImmediate(() => {});
  });
  const letGo = () => {
    vi.unstubAllGlobals();
    for (const callback of held.splice(0)) callback();
  };
  cleanUps.push(letGo);
  const inserts = () => trace.filter((line) => line.startsWith('INSERT INTO messages')).length;
  return {
    async inserted(count) {
      while (inserts() < count) await new Promise<void>((resolve) => real.setImmediate(resolve));
    },
    commit: letGo,
  };
}

test('the queue answers a message after its commit', async () => {
  const { call } = await startQueue();
  await call('SendMessage', { QueueUrl, MessageBody: 'one' });
  await expectTrace('send');
});

test('messages that come together share a commit, before which nobody is answered', async () => {
  const { call } = await startQueue();
  const held = holdCommits();
  const all = [1, 2, 3].map((n) => call('SendMessage', { QueueUrl, MessageBody: `${n}` }));
  await held.inserted(3);
  trace.push('-- all have come');
  held.commit();
  await Promise.all(all);
  await expectTrace('send-together');
});

test('a batch is one statement and one commit', async () => {
  const { call } = await startQueue();
  const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: Id }));
  await call('SendMessageBatch', { QueueUrl, Entries });
  await expectTrace('send-batch');
});

test('a message is received after its commit, and not before', async () => {
  const { call } = await startQueue();
  const held = holdCommits();
  const sent = call('SendMessage', { QueueUrl, MessageBody: 'one' });
  await held.inserted(1);
  trace.push('-- while it is not committed:');
  await call('ReceiveMessage', { QueueUrl });
  held.commit();
  await sent;
  trace.push('-- now:');
  await call('ReceiveMessage', { QueueUrl });
  await expectTrace('receive-uncommitted');
});

test('a receiver that waits gets a message after its commit', async () => {
  const { server, call } = await startQueue();
  const received = call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
  await until(() => server.stats().queues[0]!.waiting === 1);
  const sent = call('SendMessage', { QueueUrl, MessageBody: 'one' });
  await Promise.all([received, sent]);
  const committed = trace.indexOf('COMMIT');
  const answers = trace.map((line, i) => (line.startsWith('>') ? i : -1)).filter((i) => i >= 0);
  expect(answers).toHaveLength(2);
  expect(committed).toBeGreaterThan(0);
  for (const answer of answers) expect(answer).toBeGreaterThan(committed);
});

test('a deletion is answered after its commit', async () => {
  const { call } = await startQueue();
  await call('SendMessage', { QueueUrl, MessageBody: 'one' });
  const { Messages } = await call('ReceiveMessage', { QueueUrl });
  trace.length = 0;
  await call('DeleteMessage', { QueueUrl, ReceiptHandle: Messages![0]!.ReceiptHandle });
  await expectTrace('delete');
});

test('a commit that fails is answered with a failure, and its message is never seen', async () => {
  const { server, call } = await startQueue();
  failing.sql = 'COMMIT';
  await call('SendMessage', { QueueUrl, MessageBody: 'lost' });
  delete failing.sql;
  await call('ReceiveMessage', { QueueUrl });
  await call('SendMessage', { QueueUrl, MessageBody: 'kept' });
  await call('ReceiveMessage', { QueueUrl });
  await expectTrace('commit-fails');
  expect(server.stats().queues).toMatchObject([{ visible: 0, inFlight: 1 }]);
});

test('an orderly end commits what is open before it gives the file back', async () => {
  const { server, call } = await startQueue();
  const held = holdCommits();
  const sent = call('SendMessage', { QueueUrl, MessageBody: 'one' });
  await held.inserted(1);
  server.close();
  trace.push('-- closed');
  await sent;
  await expectTrace('close');
});

/** A queue that notes what is asked of it, and accepts when it is told to. */
function fakeQueue(messages: ReceivedMessage[] = []) {
  let accept!: (results: SendResult[]) => void;
  const left = [...messages];
  const queue: Queue = {
    name: 'q',
    send: (batch: OutgoingMessage[]) => {
      trace.push(`queue.send ${batch.map(({ body }) => body).join(' ')}`);
      return new Promise((resolve) => {
        accept = resolve;
      });
    },
    receive: async ({ signal }) => {
      if (left.length > 0) return left.splice(0);
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    },
    delete: async (receipts) => {
      trace.push(`queue.delete ${receipts.join(' ')}`);
      return [];
    },
    deadLetter: async ({ receipt }, reason) => {
      trace.push(`queue.deadLetter ${receipt}: ${reason}`);
      return `dead ${receipt}`;
    },
    depth: async () => ({ visible: 0, inFlight: 0, delayed: 0 }),
    deadLetterDepth: async () => undefined,
    check: async () => {},
    close: () => {},
  };
  return { queue, accept: (results: SendResult[]) => accept(results) };
}

test('the proxy answers when the queue has accepted, and not before', async () => {
  const { queue, accept } = fakeQueue();
  const proxy = createProxy({ queue });
  const body = JSON.stringify({ data: { n: 1 } });
  const answered = (async () => {
    const response = await proxy.app.request('/send', { method: 'POST', body });
    trace.push(`> answered with ${response.status} ${await response.text()}`);
  })();
  await until(() => trace.length > 0);
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  trace.push('-- the queue accepts');
  accept([{ ok: true, id: 'm-1' }]);
  await answered;
  await expectTrace('proxy');
});

const reading = (sequence: number) => ({
  ...{ job_id: 'j', execution_id: 'e', icon_name: '🛰️', timestamp: '2025-06-15T15:06:40.000Z', color: '#00ff88' },
  ...{ sequence, region: 'eu', job_submission_time: 1, hostname: 'h' },
});
const received = (receipt: string, body: string): ReceivedMessage => ({
  ...{ id: `id of ${receipt}`, body, attributes: {}, receipt, receiveCount: 1, sentAt: 1 },
});

/** A puller over a real store, until it has nothing left to do. */
async function pull(messages: ReceivedMessage[], isDone: () => boolean, onOpen = () => {}): Promise<void> {
  const store = new StoreSink(join(folder, 'readings.db'));
  onOpen();
  cleanUps.push(() => store.close());
  trace.length = 0;
  const accept = () => {
    trace.push('the log sink takes them');
    return [];
  };
  const other = { name: 'log', required: false, accept };
  const puller = new Puller({
    queue: fakeQueue(messages).queue,
    sinks: [store, other],
    polling: { pollers: 1 },
    onAccepted: (deliveries) => trace.push(`the fleet view takes ${deliveries.length}`),
    onEvent: (event) => trace.push(`event: ${JSON.stringify(event)}`),
  });
  puller.start();
  cleanUps.push(() => puller.stop());
  await until(isDone);
}

test('the puller deletes after the commit of its store', async () => {
  const messages = [received('r1', JSON.stringify(reading(1))), received('r2', '{"a":1}')];
  await pull(messages, () => trace.some((line) => line.startsWith('queue.delete')));
  await expectTrace('puller');
});

test('while its store fails the puller deletes nothing', async () => {
  const isDone = () => {
    const tries = trace.filter((line) => line === 'commit').length;
    if (tries === 1) delete failing.sql;
    return trace.some((line) => line.startsWith('queue.delete'));
  };
  await pull([received('r1', JSON.stringify(reading(1)))], isDone, () => {
    failing.sql = 'commit';
  });
  await expectTrace('puller-store-fails');
});

test('what is no JSON object goes to the dead letters, and is deleted after that', async () => {
  const messages = [received('r1', 'no json'), received('r2', '[1]'), received('r3', JSON.stringify(reading(1)))];
  await pull(messages, () => trace.filter((line) => line.startsWith('queue.delete')).length === 3);
  // The dead letters and the group go side by side.
  const [dead, rest] = [/r1|r2/, /^(?!.*\b(r1|r2)\b)/].map((pattern) => trace.filter((line) => pattern.test(line)));
  trace.splice(0, trace.length, ...dead!.sort(byReceipt), '-- beside', ...rest!);
  await expectTrace('puller-dead-letters');
});

const byReceipt = (a: string, b: string) => /r\d/.exec(a)![0].localeCompare(/r\d/.exec(b)![0]);
