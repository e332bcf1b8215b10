/**
 * Which rights an identity has on a queue. Each is found out by a call that changes nothing: it reads, or it asks for what
 * SQS must refuse for the entry itself, which it does only once the call is allowed.
 */
import { AppError } from '../lib/errors/app-error.js';
import { openCall, type SqsCall } from './sqs-call.js';
import { queueUrlOf, regionOf, type SqsConnection } from './sqs-client.js';
import { QUEUE_RIGHTS } from './sqs-errors.js';
import { deadLetterArn, resolveUrl, urlOfArn } from './sqs-queue.js';

type QueueRight = (typeof QUEUE_RIGHTS)[number];

/** What is missing on one queue. */
export interface MissingRights {
  arn: string;
  rights: (QueueRight | 'kms:GenerateDataKey' | 'kms:Decrypt')[];
  /** Why, in the words of the first refusal. */
  reason: string;
}

/** Of a batch, SQS refuses this entry alone: no message may have this character, nor wait for more than 900 seconds. */
const NOT_A_MESSAGE = { Id: '0', MessageBody: '\u0000', DelaySeconds: 901 };
const NOT_A_RECEIPT = { Id: '0', ReceiptHandle: 'wasm-sensors-asks-for-the-right-to-delete' };

/**
 * Asks for every right that the proxy and the puller need on the queue and on its dead-letter queue, and whether it has one
 * (undefined: that can't be seen). Rejects with `QUEUE_CREDENTIALS`, `QUEUE_NOT_FOUND`,
 * `QUEUE_UNREACHABLE` … where no right can be asked for, and as `openSqsQueue` does.
 */
export async function checkQueueRights(options: SqsConnection) {
  const call = openCall(options);
  const missing = new Map<string, MissingRights>();
  /** Undefined where the right is missing, and where SQS refuses what was asked for otherwise. */
  const ask = async <T>(right: QueueRight, arn: string, answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'QUEUE_ERROR') return undefined;
      if (error.code !== 'QUEUE_DENIED') throw error;
      const { name, message: reason } = error.cause as Error;
      const { rights, ...first } = missing.get(arn) ?? { arn, rights: [], reason };
      const denied: MissingRights['rights'] = /Kms/.test(name) ? ['kms:GenerateDataKey', 'kms:Decrypt'] : [right];
      missing.set(arn, { ...first, rights: [...new Set([...rights, ...denied])] });
      return undefined;
    }
  };
  const send = (arn: string, url: string) =>
    ask('sqs:SendMessage', arn, call('SendMessageBatch', { QueueUrl: url, Entries: [NOT_A_MESSAGE] }));

  try {
    const unnamed = arnOf(options);
    const url = await ask('sqs:GetQueueUrl', unnamed, resolveUrl(call, options.queue));
    if (url === undefined) {
      // Nothing more can be asked of a queue whose URL is not known.
      const reason = missing.get(unnamed)?.reason ?? '';
      return { missing: [{ arn: unnamed, rights: [...QUEUE_RIGHTS], reason }], hasDeadLetters: undefined };
    }
    const attributes = await ask('sqs:GetQueueAttributes', unnamed, attributesOf(call, url));
    const arn = attributes?.QueueArn ?? unnamed;
    // A message that is received counts as delivered once more, so a queue with messages is asked for none.
    const max = attributes?.ApproximateNumberOfMessages === '0' ? 1 : 0;
    const receive = { QueueUrl: url, MaxNumberOfMessages: max, VisibilityTimeout: 0 };
    await Promise.all([
      send(arn, url),
      ask('sqs:ReceiveMessage', arn, call('ReceiveMessage', receive)),
      ask('sqs:DeleteMessage', arn, call('DeleteMessageBatch', { QueueUrl: url, Entries: [NOT_A_RECEIPT] })),
    ]);
    const letters = deadLetterArn(attributes?.RedrivePolicy);
    if (letters !== undefined) {
      // The puller sends there what it can't process, and counts what is there.
      const found = await ask('sqs:GetQueueUrl', letters, urlOfArn(call, letters));
      if (found !== undefined) {
        const counted = ask('sqs:GetQueueAttributes', letters, attributesOf(call, found));
        await Promise.all([counted, send(letters, found)]);
      }
    }
    return { missing: [...missing.values()], hasDeadLetters: attributes ? letters !== undefined : undefined };
  } finally {
    call.close();
  }
}

async function attributesOf(call: SqsCall, url: string) {
  const names = ['QueueArn', 'RedrivePolicy', 'ApproximateNumberOfMessages'] as const;
  return (await call('GetQueueAttributes', { QueueUrl: url, AttributeNames: [...names] })).Attributes;
}

/** As far as settings tell; `*` for what they don't. */
function arnOf({ queue, region = regionOf(queue) ?? process.env.AWS_REGION ?? '*' }: SqsConnection): string {
  const [account = '*', name = '*'] = queueUrlOf(queue)?.pathname.split('/').filter(Boolean) ?? ['*', queue];
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

/** An IAM policy document that allows what is missing. */
export function policyFor(missing: MissingRights[]): object {
  return {
    Version: '2012-10-17',
    Statement: missing.flatMap(({ arn, rights }) => {
      const sqs = rights.filter((right) => right.startsWith('sqs:'));
      const keys = rights.filter((right) => right.startsWith('kms:'));
      return [
        ...(sqs.length > 0 ? [{ Effect: 'Allow', Action: sqs, Resource: arn }] : []),
        // The refusal does not name the key.
        ...(keys.length > 0 ? [{ Effect: 'Allow', Action: keys, Resource: 'arn:aws:kms:*:*:key/*' }] : []),
      ];
    }),
  };
}
