/**
 * Which rights an identity has on a queue. Each is found out by a call that changes nothing: it looks, or it asks for what
 * SQS must refuse for the entry itself, which it does only once the call is allowed.
 */
import { openCall, type SqsCall } from './sqs-call.js';
import { queueUrlOf, regionOf } from './sqs-client.js';
import { QUEUE_RIGHTS, toQueueError } from './sqs-errors.js';
import type { SqsQueueOptions } from './sqs-queue.js';
import { deadLetterArn, resolveUrl } from './sqs-queue-url.js';

export type QueueRight = (typeof QUEUE_RIGHTS)[number];

/** What is missing on one queue. */
export interface MissingRights {
  arn: string;
  rights: (QueueRight | 'kms:GenerateDataKey' | 'kms:Decrypt')[];
  /** Why, in the words of the first refusal. */
  reason: string;
}

export interface QueueRightsReport {
  /** Of the queue and of its dead-letter queue. */
  missing: MissingRights[];
  /** Whether the queue names a dead-letter queue; undefined: that can't be seen. */
  hasDeadLetters: boolean | undefined;
}

/** Of a batch, SQS refuses this entry alone: such a character is not allowed in a message. */
const NOT_A_MESSAGE = '\u0000';
const NOT_A_RECEIPT = 'wasm-sensors-asks-for-the-right-to-delete';

const PROBES: Partial<Record<QueueRight, (call: SqsCall, url: string, empty: boolean) => Promise<unknown>>> = {
  'sqs:SendMessage': (call, url) =>
    call('SendMessageBatch', { QueueUrl: url, Entries: [{ Id: '0', MessageBody: NOT_A_MESSAGE }] }),
  // A message that is received counts as delivered once more, so a queue with messages is asked for none.
  'sqs:ReceiveMessage': (call, url, empty) =>
    call('ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: empty ? 1 : 0, VisibilityTimeout: 0 }),
  'sqs:DeleteMessage': (call, url) =>
    call('DeleteMessageBatch', { QueueUrl: url, Entries: [{ Id: '0', ReceiptHandle: NOT_A_RECEIPT }] }),
};

/**
 * Asks for every right that the proxy and the puller need. Rejects with `QUEUE_CREDENTIALS`, `QUEUE_NOT_FOUND`,
 * `QUEUE_UNREACHABLE` … where no right can be asked for, and as `openSqsQueue` does.
 */
export async function checkQueueRights(options: SqsQueueOptions): Promise<QueueRightsReport> {
  const call = openCall(options);
  try {
    return await new RightsCheck(call, options).run();
  } catch (error) {
    throw toQueueError(error, options.queue);
  } finally {
    call.close();
  }
}

class RightsCheck {
  readonly #missing = new Map<string, MissingRights>();

  constructor(
    readonly call: SqsCall,
    readonly options: SqsQueueOptions,
  ) {}

  async run(): Promise<QueueRightsReport> {
    const { queue } = this.options;
    const unnamed = this.#arnOf(queue);
    const url = await this.#try('sqs:GetQueueUrl', unnamed, () => resolveUrl(this.call, queue));
    // Nothing more can be asked of a queue whose URL is not known.
    if (url === undefined) return { missing: this.#all(unnamed), hasDeadLetters: undefined };
    const attributes = await this.#attributes(url, unnamed);
    const arn = attributes?.QueueArn ?? unnamed;
    const empty = attributes?.ApproximateNumberOfMessages === '0';
    const probes = Object.entries(PROBES) as [QueueRight, NonNullable<(typeof PROBES)[QueueRight]>][];
    await Promise.all(probes.map(([right, probe]) => this.#try(right, arn, () => probe(this.call, url, empty))));
    const letters = attributes && deadLetterArn(attributes.RedrivePolicy);
    if (letters !== undefined) await this.#deadLetters(letters);
    return {
      missing: [...this.#missing.values()],
      hasDeadLetters: attributes ? letters !== undefined : undefined,
    };
  }

  /** The puller sends there what it can't process, and counts what is there. */
  async #deadLetters(arn: string): Promise<void> {
    const [, , , , account, name] = arn.split(':');
    const input = { QueueName: name, QueueOwnerAWSAccountId: account };
    const found = await this.#try('sqs:GetQueueUrl', arn, () => this.call('GetQueueUrl', input));
    if (found?.QueueUrl === undefined) return;
    const url = found.QueueUrl;
    const send = () => PROBES['sqs:SendMessage']!(this.call, url, true);
    await Promise.all([this.#attributes(url, arn), this.#try('sqs:SendMessage', arn, send)]);
  }

  async #attributes(url: string, arn: string) {
    const names = ['QueueArn', 'RedrivePolicy', 'ApproximateNumberOfMessages'] as const;
    const ask = () => this.call('GetQueueAttributes', { QueueUrl: url, AttributeNames: [...names] });
    return (await this.#try('sqs:GetQueueAttributes', arn, ask))?.Attributes;
  }

  /** Undefined where the right is missing, and where SQS refuses what was asked for otherwise. */
  async #try<T>(right: QueueRight, arn: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (cause) {
      const error = toQueueError(cause, this.options.queue);
      if (error.code === 'QUEUE_DENIED') this.#note(arn, right, cause);
      else if (error.code !== 'QUEUE_ERROR') throw error;
      return undefined;
    }
  }

  #note(arn: string, right: QueueRight, cause: unknown): void {
    const missing = this.#missing.get(arn) ?? { arn, rights: [], reason: (cause as Error).message };
    const isKey = /Kms/.test((cause as Error).name);
    const rights: MissingRights['rights'] = isKey ? ['kms:GenerateDataKey', 'kms:Decrypt'] : [right];
    missing.rights.push(...rights.filter((one) => !missing.rights.includes(one)));
    this.#missing.set(arn, missing);
  }

  #all(arn: string): MissingRights[] {
    const { reason } = this.#missing.get(arn) ?? { reason: '' };
    return [{ arn, rights: [...QUEUE_RIGHTS], reason }];
  }

  /** As far as settings tell; `*` for what they don't. */
  #arnOf(queue: string): string {
    const url = queueUrlOf(queue);
    const region = this.options.region ?? regionOf(queue) ?? process.env.AWS_REGION ?? '*';
    const [account = '*', name = '*'] = url?.pathname.split('/').filter(Boolean) ?? ['*', queue];
    return `arn:aws:sqs:${region}:${account}:${name}`;
  }
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
