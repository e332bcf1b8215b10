/** The ports `Queue` and `AdminQueue` on the SQS API, of Amazon or of the embedded server. */
import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { AppError } from '../lib/errors/app-error.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import {
  type AdminQueue,
  type Queue,
  type QueueDepth,
  queueServerStateSchema,
  REPLAY_OF_ATTRIBUTE,
  type SeenMessage,
  type SendResult,
} from './queue.js';
import { type Input, openCall, type SqsCall } from './sqs-call.js';
import { queueUrlOf, type SqsConnection } from './sqs-client.js';
import { DEAD_LETTER_REASON_ATTRIBUTE, fromSqs, MAX_ATTRIBUTES, refusalOf, toSqs, withReason } from './sqs-messages.js';

/**
 * Opens a queue. Rejects with the codes of {@link Queue.send}, with `QUEUE_NOT_GIVEN` or `QUEUE_INVALID` when the queue is
 * neither a URL nor a name, and with `QUEUE_ENDPOINT_MISMATCH` when its URL and the endpoint contradict each other. Opening
 * a queue by its URL makes no call.
 */
export async function openSqsQueue(options: SqsConnection): Promise<Queue & AdminQueue> {
  if (options.queue.trim() === '') {
    throw new AppError('QUEUE_NOT_GIVEN', 'No queue is given.', { hint: 'Give its name or URL.' });
  }
  const call = openCall(options);
  try {
    return sqsQueue(call, await resolveUrl(call, options.queue));
  } catch (error) {
    call.close();
    throw error;
  }
}

/** `queue`: its URL or name. */
export async function resolveUrl(call: SqsCall, queue: string): Promise<string> {
  return queueUrlOf(queue) ? queue : (await call('GetQueueUrl', { QueueName: queue })).QueueUrl!;
}

/** `arn`: arn:aws:sqs:<region>:<account>:<name> */
export async function urlOfArn(call: SqsCall, arn: string): Promise<string> {
  const [, , , , account, name] = arn.split(':');
  return (await call('GetQueueUrl', { QueueName: name, QueueOwnerAWSAccountId: account })).QueueUrl!;
}

/** From a queue's attribute `RedrivePolicy`. */
export function deadLetterArn(policy: string | undefined): string | undefined {
  if (policy === undefined) return undefined;
  const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn?: string };
  return deadLetterTargetArn;
}

/** The answer to a batch names every entry. For one that is missing it is not known whether it was accepted. */
const UNANSWERED: SendResult = {
  ok: false,
  code: 'NoAnswer',
  reason: 'the answer of the queue does not name it',
  retryable: true,
};

type RawAttributes = NonNullable<SendMessageCommandInput['MessageAttributes']>;

const SERVER_TIMEOUT_MS = 5_000;
const statsSchema = z.object({ queues: z.array(z.object({ name: z.string(), oldestAgeMs: z.number().optional() })) });

function sqsQueue(call: SqsCall, url: string): Queue & AdminQueue {
  /** For messages. */
  const name = withoutSecrets(url);
  let knownDeadLetters: Promise<string> | undefined;

  /** URL of the dead-letter queue in the redrive policy. Remembers it, but not a failure: the policy may be set later. */
  function findDeadLetters(): Promise<string> {
    knownDeadLetters ??= readDeadLetters(call, url).catch((error) => {
      knownDeadLetters = undefined;
      throw error;
    });
    return knownDeadLetters;
  }

  return {
    name,

    async send(messages) {
      const results: (SendResult | undefined)[] = messages.map(refusalOf);
      const Entries = messages.flatMap((message, i) => (results[i] ? [] : [{ Id: String(i), ...toSqs(message) }]));
      if (Entries.length > 0) {
        const { Successful = [], Failed = [] } = await call('SendMessageBatch', { QueueUrl: url, Entries });
        for (const { Id, MessageId } of Successful) results[Number(Id)] = { ok: true, id: MessageId! };
        for (const { Id, Code = 'Unknown', Message: reason = Code, SenderFault } of Failed) {
          results[Number(Id)] = { ok: false, code: Code, reason, retryable: SenderFault !== true };
        }
      }
      return results.map((result) => result ?? UNANSWERED);
    },

    receive: ({ waitSeconds, signal }) =>
      receive(call, { QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds }, signal),

    look: ({ max, hideSeconds, waitSeconds }) =>
      receive(call, {
        QueueUrl: url,
        MaxNumberOfMessages: max,
        VisibilityTimeout: hideSeconds,
        WaitTimeSeconds: waitSeconds,
      }),

    async release(receipts) {
      for (let i = 0; i < receipts.length; i += 10) {
        const some = receipts.slice(i, i + 10);
        const Entries = some.map((ReceiptHandle, n) => ({ Id: String(n), ReceiptHandle, VisibilityTimeout: 0 }));
        await call('ChangeMessageVisibilityBatch', { QueueUrl: url, Entries });
      }
    },

    async delete(receipts) {
      const Entries = receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
      const { Failed = [] } = await call('DeleteMessageBatch', { QueueUrl: url, Entries });
      return Failed.map(({ Id }) => receipts[Number(Id)]!);
    },

    async deadLetter(message, reason) {
      const entry = toSqs({ body: message.body, attributes: withReason(message.attributes, reason) });
      return (await call('SendMessage', { QueueUrl: await findDeadLetters(), ...entry })).MessageId!;
    },

    async sendBack({ id, body, rawAttributes }) {
      const { [DEAD_LETTER_REASON_ATTRIBUTE]: _, ...others } = rawAttributes as RawAttributes;
      // A replay of a replay keeps the first id.
      const room = REPLAY_OF_ATTRIBUTE in others || Object.keys(others).length < MAX_ATTRIBUTES;
      const MessageAttributes = {
        ...(room ? { [REPLAY_OF_ATTRIBUTE]: { DataType: 'String', StringValue: id } } : {}),
        ...others,
      };
      await call('SendMessage', { QueueUrl: url, MessageBody: body, MessageAttributes });
    },

    depth: () => depthOf(call, url),

    async deadLetterDepth() {
      try {
        return await depthOf(call, await findDeadLetters());
      } catch (error) {
        if (error instanceof AppError && error.code === 'QUEUE_NO_DEAD_LETTER') return undefined;
        throw error;
      }
    },

    async oldestAge() {
      const stats = statsSchema.safeParse(await askServer(call, '/stats').catch(() => undefined)).data;
      return stats?.queues.find((queue) => name.endsWith(`/${queue.name}`))?.oldestAgeMs;
    },

    serverState: async () => queueServerStateSchema.safeParse(await askServer(call, '/ready')).data,

    deadLetters: async () => sqsQueue(call, await findDeadLetters()),

    purge: async () => void (await call('PurgeQueue', { QueueUrl: url })),

    close: () => call.close(),
  };
}

type ReceiveInput = Pick<
  Input<'ReceiveMessage'>,
  'QueueUrl' | 'MaxNumberOfMessages' | 'VisibilityTimeout' | 'WaitTimeSeconds'
>;

async function receive(call: SqsCall, input: ReceiveInput, signal?: AbortSignal): Promise<SeenMessage[]> {
  const names = ['ApproximateReceiveCount', 'SentTimestamp', 'DeadLetterQueueSourceArn'] as const;
  const wanted = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: [...names] };
  const { Messages = [] } = await call('ReceiveMessage', { ...wanted, ...input }, signal);
  return Messages.map(fromSqs);
}

async function depthOf(call: SqsCall, url: string): Promise<QueueDepth> {
  const { Attributes = {} } = await call('GetQueueAttributes', {
    QueueUrl: url,
    AttributeNames: [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    ],
  });
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}

/** What our own server answers; others have no such path. Rejects when it does not answer. */
async function askServer({ server }: SqsCall, path: string): Promise<unknown> {
  if (server === undefined) return undefined;
  const answer = await fetch(new URL(path, server), { signal: AbortSignal.timeout(SERVER_TIMEOUT_MS) });
  return answer.json().catch(() => undefined);
}

async function readDeadLetters(call: SqsCall, url: string): Promise<string> {
  const input = { QueueUrl: url, AttributeNames: ['RedrivePolicy' as const] };
  const arn = deadLetterArn((await call('GetQueueAttributes', input)).Attributes?.RedrivePolicy);
  if (arn?.split(':').length === 6) return urlOfArn(call, arn);
  throw new AppError('QUEUE_NO_DEAD_LETTER', `The queue ${withoutSecrets(url)} has no dead-letter queue.`, {
    hint: 'Give the queue a RedrivePolicy that names one, with `aws sqs set-queue-attributes` for example.',
  });
}
