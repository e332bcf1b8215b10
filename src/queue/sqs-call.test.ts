import type { SQSClient } from '@aws-sdk/client-sqs';
import { beforeEach, expect, test, vi } from 'vitest';
import { createSdkCall } from './sqs-call.js';
import type { Sdk } from './sqs-client.js';

const chains: { action: string; stack: unknown; config: unknown; options: object }[] = [];
const command = (action: string) =>
  class {
    constructor(readonly input: object) {}
    resolveMiddleware(stack: unknown, config: unknown, options: object) {
      const chain = chains.push({ action, stack, config, options });
      return async ({ input }: { input: unknown }) => ({ output: { chain, input } });
    }
  };
const sdk = { SendMessageCommand: command('send'), ReceiveMessageCommand: command('receive') } as unknown as Sdk;
const client = { middlewareStack: 'stack', config: 'config', destroy: vi.fn() };
const call = createSdkCall(sdk, client as unknown as SQSClient);

beforeEach(() => {
  chains.length = 0;
});

test('the chain of an action is built once for each signal, and every call has its own input', async () => {
  const [one, two] = [new AbortController().signal, new AbortController().signal];
  const send = (body: string, signal?: AbortSignal) =>
    call('SendMessage', { QueueUrl: 'q', MessageBody: body }, signal);
  const input = (MessageBody: string) => ({ QueueUrl: 'q', MessageBody });
  expect([await send('a'), await send('b')]).toEqual([
    { chain: 1, input: input('a') },
    { chain: 1, input: input('b') },
  ]);
  expect([await send('c', one), await send('d', two), await send('e', one)]).toEqual([
    { chain: 2, input: input('c') },
    { chain: 3, input: input('d') },
    { chain: 2, input: input('e') },
  ]);
  expect(await call('ReceiveMessage', { QueueUrl: 'q' }, one)).toMatchObject({ chain: 4 });
  expect(chains.map(({ action, options }) => [action, options])).toEqual([
    ['send', {}],
    ['send', { abortSignal: one }],
    ['send', { abortSignal: two }],
    ['receive', { abortSignal: one }],
  ]);
  expect(chains[0]).toMatchObject({ stack: 'stack', config: 'config' });
});

test('closing destroys the client', () => {
  call.close();
  expect(client.destroy).toHaveBeenCalledOnce();
});
