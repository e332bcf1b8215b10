import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createQueueServer } from './sqs-server.js';

const SOURCE = fileURLToPath(new URL('..', import.meta.url));
let folder: string;
let child: ChildProcess | undefined;

/** A process can't run TypeScript, and a build may be old: the server is translated here, file by file. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queue-durability-'));
  await symlink(join(SOURCE, '..', 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const part of ['lib', 'queue', 'sqs-server']) {
    for (const name of await readdir(join(SOURCE, part), { recursive: true })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const target = join(folder, 'src', part, name.replace(/\.ts$/, '.js'));
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const { outputText } = ts.transpileModule(await readFile(join(SOURCE, part, name), 'utf8'), { compilerOptions });
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, outputText);
    }
  }
  await writeFile(
    join(folder, 'main.js'),
    `import { serveOnLoopback } from './src/sqs-server/serve-on-loopback.js';
     const served = await serveOnLoopback({ path: process.argv[2] });
     process.send(served.url);`,
  );
});

afterEach(() => child?.kill('SIGKILL'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(path: string): Promise<string> {
  child = fork(join(folder, 'main.js'), [path]);
  const [url] = await once(child, 'message');
  return url as string;
}

async function kill(): Promise<void> {
  const exited = once(child!, 'exit');
  child!.kill('SIGKILL');
  await exited;
}

async function call(url: string, action: string, input: object) {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) });
  if (!response.ok) throw new Error(await response.text());
  const text = await response.text();
  return text === '' ? {} : JSON.parse(text);
}

const QueueUrl = 'http://any/000000000000/q';

test('what was acknowledged survives kill -9 under load, and what was deleted stays deleted', {
  timeout: 60_000,
}, async () => {
  const path = join(folder, 'killed.db');
  const acknowledged = new Set<string>();
  const deleted = new Set<string>();
  // Whether these are gone nobody knows when the kill swallows the answer.
  const maybeDeleted = new Set<string>();
  let number = 0;
  for (let round = 0; round < 3; round++) {
    const url = await start(path);
    await call(url, 'CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '600' } });
    const goal = acknowledged.size + 3_000;
    const sender = async () => {
      for (;;) {
        const Entries = Array.from({ length: 10 }, (_, i) => ({ Id: `e${i}`, MessageBody: `🚀 ${number++}` }));
        const { Successful } = await call(url, 'SendMessageBatch', { QueueUrl, Entries });
        for (const { Id } of Successful) acknowledged.add(Entries[Number(Id.slice(1))]!.MessageBody);
      }
    };
    const receiver = async () => {
      for (;;) {
        const input = { QueueUrl, MaxNumberOfMessages: 5, WaitTimeSeconds: 5 };
        const { Messages = [] } = await call(url, 'ReceiveMessage', input);
        if (Messages.length === 0) continue;
        const Entries = Messages.map(({ ReceiptHandle }: { ReceiptHandle: string }, i: number) => ({
          ...{ Id: `${i}`, ReceiptHandle },
        }));
        for (const { Body } of Messages) maybeDeleted.add(Body);
        await call(url, 'DeleteMessageBatch', { QueueUrl, Entries });
        for (const { Body } of Messages) deleted.add(Body);
      }
    };
    const workers = Promise.allSettled([sender(), sender(), sender(), sender(), receiver()]);
    while (acknowledged.size < goal) await new Promise((resolve) => setTimeout(resolve, 5));
    await kill();
    // Every worker ends with the connection error that the kill caused.
    expect((await workers).map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  }

  const found = await drain(path);
  expect([...acknowledged].filter((body) => !found.has(body) && !maybeDeleted.has(body))).toEqual([]);
  expect([...deleted].filter((body) => found.has(body))).toEqual([]);
  expect(deleted.size).toBeGreaterThan(0);
});

test('a message is on disk when its acknowledgement arrives, not soon after', { timeout: 60_000 }, async () => {
  const path = join(folder, 'at-once.db');
  const bodies: string[] = [];
  for (let round = 0; round < 3; round++) {
    const url = await start(path);
    await call(url, 'CreateQueue', { QueueName: 'q' });
    // Right after a commit the next one is held back to collect more: that is when an early answer would be wrong.
    for (let i = 0; i < 5; i++) {
      const MessageBody = `${round} ${i}`;
      await call(url, 'SendMessage', { QueueUrl, MessageBody });
      bodies.push(MessageBody);
    }
    await kill();
  }
  expect(await drain(path)).toEqual(new Set(bodies));
});

test('a receipt from before a kill still deletes', { timeout: 60_000 }, async () => {
  const path = join(folder, 'receipts.db');
  let url = await start(path);
  await call(url, 'CreateQueue', { QueueName: 'q' });
  await call(url, 'SendMessage', { QueueUrl, MessageBody: 'x' });
  const { Messages } = await call(url, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 5 });
  await kill();
  url = await start(path);
  await call(url, 'DeleteMessage', { QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle });
  await kill();
  expect(await drain(path)).toEqual(new Set());
});

test('a store is for one process', async () => {
  const path = join(folder, 'shared.db');
  await start(path);
  expect(() => createQueueServer({ path })).toThrow(expect.objectContaining({ code: 'QUEUE_STORE_LOCKED' }));
});

/** Bodies of all messages in the store. */
async function drain(path: string): Promise<Set<string>> {
  const url = await start(path);
  const bodies = new Set<string>();
  for (;;) {
    const { Messages = [] } = await call(url, 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    if (Messages.length === 0) return bodies;
    for (const { Body } of Messages) bodies.add(Body);
  }
}
