/** A message that can't be stored: seen everywhere, listed with its reason, replayed, and deleted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FleetEvent } from '../../fleet/fleet-events.js';
import type { PullerAppStats } from '../../puller/puller-app.js';
import { QUEUE_NAME } from '../../queue/queue.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const sandbox = new Sandbox();
const POISON = '{"execution_id":"e-1","sequence":1,"region":"eu","hostname":"edge-eu-7","color":"red"}';

interface DeadLetter {
  id: string;
  reason: string;
  region: string;
  hostname: string;
  body: string;
}
interface Status {
  queue: { deadLetters: number };
  puller: PullerAppStats;
}

beforeAll(async () => {
  expect(await sandbox.run(['up', '-d', ...(await Sandbox.portFlags('embedded'))])).toMatchObject({ code: 0 });
});
afterAll(() => sandbox.close());

const stats = async () => (await fetch(`${sandbox.state().endpoints.puller}/stats`)).json() as Promise<PullerAppStats>;
const deadLetters = async () =>
  (await sandbox.json<{ deadLetters: DeadLetter[] }>(['queue', 'dead-letters'])).deadLetters;

/** Straight to the queue: the proxy would refuse it. */
async function sendToQueue(MessageBody: string): Promise<void> {
  const server = sandbox.state().endpoints.queue!;
  const headers = { 'x-amz-target': 'AmazonSQS.SendMessage', 'content-type': 'application/x-amz-json-1.0' };
  const QueueUrl = `${server}/000000000000/${QUEUE_NAME}`;
  const response = await fetch(server, { method: 'POST', headers, body: JSON.stringify({ QueueUrl, MessageBody }) });
  expect(response.status).toBe(200);
}

async function alertOver(): Promise<FleetEvent> {
  for await (const event of sandbox.fleet().events({ kinds: ['alert'] })) {
    if (event.event === 'alert' && !event.firing) return event;
  }
  throw new Error('the stream of events ended');
}

test('a poison message is counted, reported as an alert, and listed with its reason', async () => {
  await sendToQueue(POISON);
  await eventually('the count', async () => (await stats()).deadLetters === 1);
  expect(await sandbox.json<Status>(['status'])).toMatchObject({
    queue: { deadLetters: 1 },
    puller: { deadLetteredBy: { BAD_FIELD: 1 } },
  });
  expect((await sandbox.run(['status'])).stdout).toMatch(/^queue .*, 1 dead letter$/m);
  for await (const event of sandbox.fleet().events({ kinds: ['alert'] })) {
    expect(event).toMatchObject({ type: 'dead-letters', firing: true, count: 1 });
    break;
  }
  expect(await deadLetters()).toMatchObject([
    { reason: 'color must look like #RRGGBB', region: 'eu', hostname: 'edge-eu-7', body: POISON },
  ]);
  const { stdout } = await sandbox.run(['queue', 'dead-letters']);
  expect(stdout).toMatch(/color must look like #RRGGBB +eu edge-eu-7 +{"execution_id"/);
});

test('a replayed one comes back while it is still bad; an unknown id is an error', async () => {
  const [before] = await deadLetters();
  expect(await sandbox.json(['queue', 'replay', before!.id])).toMatchObject({ replayed: 1 });
  await eventually('the second rejection', async () => (await stats()).deadLettered === 2);
  expect(await sandbox.json(['queue', 'replay', '--all'])).toMatchObject({ replayed: 1 });
  await eventually('the third rejection', async () => (await stats()).deadLettered === 3);
  const [after] = await deadLetters();
  expect(after).toMatchObject({ body: POISON, reason: 'color must look like #RRGGBB' });
  const unknown = await sandbox.run(['queue', 'replay', before!.id, '-o', 'json']);
  expect([unknown.code, JSON.parse(unknown.stdout)]).toMatchObject([1, { error: { code: 'NO_SUCH_DEAD_LETTER' } }]);
});

test('purging wants a confirmation; then the count and the alert are over', async () => {
  expect(await sandbox.run(['queue', 'purge', '--dead-letters'])).toMatchObject({ code: 2 });
  expect(await deadLetters()).toHaveLength(1);
  // Before the purge: a later client is told only what fires.
  const over = alertOver();
  expect(await sandbox.json(['queue', 'purge', '--dead-letters', '--yes'])).toMatchObject({
    messages: 1,
    purged: true,
  });
  expect(await over).toMatchObject({ type: 'dead-letters', count: 0 });
  expect(await sandbox.json<Status>(['status'])).toMatchObject({ queue: { deadLetters: 0 } });
  expect(await sandbox.json(['queue', 'status'])).toMatchObject({ visible: 0, deadLetters: { visible: 0 } });
});

test('without an up and without a queue the commands say what to do', async () => {
  const elsewhere = new Sandbox();
  const { code, stderr } = await elsewhere.run(['queue', 'status']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/no queue is named\n.*--queue/)]);
  for (const args of [[], ['--all', 'an-id']]) {
    const answer = await elsewhere.run(['queue', 'replay', ...args]);
    expect([answer.code, answer.stderr]).toEqual([2, expect.stringContaining('--all\n`')]);
  }
  await elsewhere.close();
});
