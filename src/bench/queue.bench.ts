/**
 * `npm run bench -- queue`: the embedded queue server under load. Every message is sent, received and deleted, at full
 * speed or at 5,000 messages/s. All rows come from one run, because only their ratios are comparable between machines.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { openSqsQueue } from '../queue/sqs-queue.js';

interface Load {
  name: string;
  /** False: the store is in memory only. */
  durable: boolean;
  batch: number;
  messages: number;
  /** Messages per second; undefined: at full speed. */
  rate?: number;
  /** Through the AWS SDK, as the proxy and the puller do it, instead of plain HTTP. */
  sdk?: true;
}

interface Row {
  name: string;
  /** Messages per second through send, receive and delete. */
  perSecond: number;
  serverCpuUsPerMessage: number;
  serverCores: number;
  rssMb: number;
}

/** What the load needs of a queue. Every call works on a batch. */
interface Target {
  send(): Promise<unknown>;
  receive(): Promise<string[]>;
  delete(receipts: string[]): Promise<unknown>;
  close(): void;
}

const SENDERS = 16;
const RECEIVERS = 8;
const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };
const ATTRIBUTE = 'v=1742992496789;src=ddddd;file=none;interval=2000;paused=0';
const BODY = JSON.stringify({
  job_id: 'j-6f3cf6b0-4c5f-4c39-9f4e-1f0f4c7f2d11',
  execution_id: 'e-0b9c0f5e-2f0b-4a53-8a3e-7f3d6a1c9b22',
  icon_name: '🚀',
  timestamp: '2025-03-26T12:34:56.789Z',
  color: '#FF5733',
  sequence: 42,
  region: 'eu',
  job_submission_time: 1742992496789,
  hostname: 'edge-eu-1',
});

const LOADS: Load[] = [
  { name: 'durable, batches of 10', durable: true, batch: 10, messages: 60_000 },
  { name: 'in memory, batches of 10', durable: false, batch: 10, messages: 60_000 },
  { name: 'durable, one at a time', durable: true, batch: 1, messages: 10_000 },
  { name: 'durable, 5,000/s', durable: true, batch: 10, messages: 60_000, rate: 5_000 },
  { name: 'durable, 5,000/s, AWS SDK', durable: true, batch: 10, messages: 60_000, rate: 5_000, sdk: true },
];

export async function run(): Promise<void> {
  const rows: Row[] = [];
  for (const load of LOADS) rows.push(await measure(load));
  const [first] = rows;
  console.log('queue: send, receive, delete                messages/s   ratio   server µs/message   cores   RSS MB');
  for (const { name, perSecond, serverCpuUsPerMessage, serverCores, rssMb } of rows) {
    const ratio = (perSecond / first!.perSecond).toFixed(2);
    const cells = [perSecond.toFixed(0).padStart(10), ratio.padStart(7), serverCpuUsPerMessage.toFixed(0).padStart(19)];
    console.log(name.padEnd(43), ...cells, serverCores.toFixed(2).padStart(7), rssMb.toFixed(0).padStart(8));
  }
}

async function measure(load: Load): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-queue-'));
  const path = load.durable ? join(folder, 'queue.db') : ':memory:';
  const server = fork(fileURLToPath(new URL('./bench-queue-server.js', import.meta.url)), [path]);
  try {
    const [url] = (await once(server, 'message')) as [string];
    const usage = async () => {
      server.send('usage');
      return (await once(server, 'message'))[0] as { cpuUs: number; rssBytes: number };
    };
    const target = await openTarget(url, load);
    // Warm up: before the code is compiled, the numbers measure the compiler.
    await pump(target, { ...load, messages: load.messages / 6 });
    const before = await usage();
    const start = performance.now();
    await pump(target, load);
    const seconds = (performance.now() - start) / 1000;
    const after = await usage();
    target.close();
    const cpuUs = after.cpuUs - before.cpuUs;
    return {
      name: load.name,
      perSecond: load.messages / seconds,
      serverCpuUsPerMessage: cpuUs / load.messages,
      serverCores: cpuUs / 1e6 / seconds,
      rssMb: after.rssBytes / 1e6,
    };
  } finally {
    const exited = once(server, 'exit');
    server.disconnect();
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Sends all messages of a load, and resolves when all of them have been received and deleted. */
async function pump(target: Target, { messages, batch, rate }: Load): Promise<void> {
  const start = performance.now();
  let sent = 0;
  let gone = 0;
  const sender = async () => {
    while (sent < messages) {
      const due = rate === undefined ? Number.NEGATIVE_INFINITY : start + (sent / rate) * 1000;
      sent += batch;
      const early = due - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      await target.send();
    }
  };
  const receiver = async () => {
    while (gone < messages) {
      const receipts = await target.receive();
      gone += receipts.length;
      if (receipts.length > 0) await target.delete(receipts);
    }
  };
  const workers = [...Array(SENDERS).fill(sender), ...Array(RECEIVERS).fill(receiver)];
  await Promise.all(workers.map((work: () => Promise<void>) => work()));
}

async function openTarget(url: string, { batch, sdk }: Load): Promise<Target> {
  const pool = new Pool(url, { connections: SENDERS + RECEIVERS });
  const call = async (action: string, input: object) => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` };
    const { statusCode, body } = await pool.request({
      path: '/',
      method: 'POST',
      headers,
      body: JSON.stringify(input),
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(text);
    return text === '' ? {} : JSON.parse(text);
  };
  const { QueueUrl } = await call('CreateQueue', { QueueName: 'bench' });
  if (sdk) {
    const queue = await openSqsQueue({ queue: QueueUrl, region: 'us-east-1', credentials: CREDENTIALS });
    const messages = Array.from({ length: batch }, () => ({ body: BODY, attributes: { sensor_config: ATTRIBUTE } }));
    return {
      send: () => queue.send(messages),
      receive: async () => (await queue.receive({ waitSeconds: 1 })).map(({ receipt }) => receipt),
      delete: (receipts) => queue.delete(receipts),
      close: () => {
        queue.close();
        void pool.close();
      },
    };
  }
  const MessageAttributes = { sensor_config: { DataType: 'String', StringValue: ATTRIBUTE } };
  const entries = Array.from({ length: batch }, (_, i) => ({ Id: `${i}`, MessageBody: BODY, MessageAttributes }));
  const receive = {
    ...{ QueueUrl, MaxNumberOfMessages: batch, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] },
    MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
  };
  return {
    send: () => call('SendMessageBatch', { QueueUrl, Entries: entries }),
    receive: async () => {
      const { Messages = [] } = await call('ReceiveMessage', receive);
      return Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }) => ReceiptHandle);
    },
    delete: (receipts) =>
      call('DeleteMessageBatch', {
        QueueUrl,
        Entries: receipts.map((ReceiptHandle, i) => ({ Id: `${i}`, ReceiptHandle })),
      }),
    close: () => void pool.close(),
  };
}
