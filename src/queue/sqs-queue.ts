/** The ports `Queue` and `AdminQueue` on the SQS API, of Amazon or of the embedded server. */
import type { SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { AppError } from '../lib/errors/app-error.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import {
  type AdminQueue,
  type MoveTask,
  type OutgoingMessage,
  type Queue,
  type QueueDepth,
  type QueueServerState,
  queueServerStateSchema,
  REPLAY_OF_ATTRIBUTE,
  type ReceivedMessage,
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
    return new SqsQueue(call, await resolveUrl(call, options.queue));
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

/**
 * Failures of StartMessageMoveTask after which messages can still be moved one by one. Servers break on an action that they
 * don't know; where the queue is really out of reach, the next call says so.
 */
const NOT_OFFERED = new Set(['QUEUE_ERROR', 'QUEUE_DENIED', 'QUEUE_UNREACHABLE']);
const SERVER_TIMEOUT_MS = 5_000;
const statsSchema = z.object({ queues: z.array(z.object({ name: z.string(), oldestAgeMs: z.number().optional() })) });

class SqsQueue implements Queue, AdminQueue {
  /** Its URL, for messages. */
  readonly name: string;
  readonly #call: SqsCall;
  readonly #url: string;
  #deadLetters: Promise<{ url: string; arn: string }> | undefined;

  constructor(call: SqsCall, url: string) {
    this.name = withoutSecrets(url);
    this.#call = call;
    this.#url = url;
  }

  async send(messages: OutgoingMessage[]): Promise<SendResult[]> {
    const results: (SendResult | undefined)[] = messages.map(refusalOf);
    const Entries = messages.flatMap((message, i) => (results[i] ? [] : [{ Id: String(i), ...toSqs(message) }]));
    if (Entries.length > 0) {
      const answer = await this.#call('SendMessageBatch', { QueueUrl: this.#url, Entries });
      const { Successful = [], Failed = [] } = answer;
      for (const { Id, MessageId } of Successful) results[Number(Id)] = { ok: true, id: MessageId! };
      for (const { Id, Code = 'Unknown', Message: reason = Code, SenderFault } of Failed) {
        results[Number(Id)] = { ok: false, code: Code, reason, retryable: SenderFault !== true };
      }
    }
    return results.map((result) => result ?? UNANSWERED);
  }

  receive({ waitSeconds, signal }: { waitSeconds: number; signal?: AbortSignal }): Promise<ReceivedMessage[]> {
    return this.#receive({ MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds }, signal);
  }

  look({ max, hideSeconds, waitSeconds }: Parameters<AdminQueue['look']>[0]): Promise<SeenMessage[]> {
    return this.#receive({ MaxNumberOfMessages: max, VisibilityTimeout: hideSeconds, WaitTimeSeconds: waitSeconds });
  }

  async #receive(
    input: Pick<Input<'ReceiveMessage'>, 'MaxNumberOfMessages' | 'VisibilityTimeout' | 'WaitTimeSeconds'>,
    signal?: AbortSignal,
  ): Promise<SeenMessage[]> {
    const names = ['ApproximateReceiveCount', 'SentTimestamp', 'DeadLetterQueueSourceArn'] as const;
    const wanted = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: [...names] };
    const { Messages = [] } = await this.#call('ReceiveMessage', { QueueUrl: this.#url, ...wanted, ...input }, signal);
    return Messages.map(fromSqs);
  }

  async release(receipts: string[]): Promise<void> {
    for (let i = 0; i < receipts.length; i += 10) {
      const some = receipts.slice(i, i + 10);
      const Entries = some.map((ReceiptHandle, n) => ({ Id: String(n), ReceiptHandle, VisibilityTimeout: 0 }));
      await this.#call('ChangeMessageVisibilityBatch', { QueueUrl: this.#url, Entries });
    }
  }

  async delete(receipts: string[]): Promise<string[]> {
    const Entries = receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
    const { Failed = [] } = await this.#call('DeleteMessageBatch', { QueueUrl: this.#url, Entries });
    return Failed.map(({ Id }) => receipts[Number(Id)]!);
  }

  async deadLetter(message: ReceivedMessage, reason: string): Promise<string> {
    const { url } = await this.#findDeadLetters();
    const entry = toSqs({ body: message.body, attributes: withReason(message.attributes, reason) });
    return (await this.#call('SendMessage', { QueueUrl: url, ...entry })).MessageId!;
  }

  async sendBack({ id, body, rawAttributes }: SeenMessage): Promise<void> {
    const { [DEAD_LETTER_REASON_ATTRIBUTE]: _, ...others } = rawAttributes as RawAttributes;
    // A replay of a replay keeps the first id.
    const room = REPLAY_OF_ATTRIBUTE in others || Object.keys(others).length < MAX_ATTRIBUTES;
    const MessageAttributes = {
      ...(room ? { [REPLAY_OF_ATTRIBUTE]: { DataType: 'String', StringValue: id } } : {}),
      ...others,
    };
    await this.#call('SendMessage', { QueueUrl: this.#url, MessageBody: body, MessageAttributes });
  }

  depth(): Promise<QueueDepth> {
    return this.#depthOf(this.#url);
  }

  async deadLetterDepth(): Promise<QueueDepth | undefined> {
    try {
      return await this.#depthOf((await this.#findDeadLetters()).url);
    } catch (error) {
      if (error instanceof AppError && error.code === 'QUEUE_NO_DEAD_LETTER') return undefined;
      throw error;
    }
  }

  async #depthOf(url: string): Promise<QueueDepth> {
    const { Attributes = {} } = await this.#call('GetQueueAttributes', {
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

  async oldestAge(): Promise<number | undefined> {
    const stats = statsSchema.safeParse(await this.#askServer('/stats').catch(() => undefined)).data;
    return stats?.queues.find(({ name }) => this.name.endsWith(`/${name}`))?.oldestAgeMs;
  }

  async serverState(): Promise<QueueServerState | undefined> {
    return queueServerStateSchema.safeParse(await this.#askServer('/ready')).data;
  }

  /** What our own server answers; others have no such path. Rejects when it does not answer. */
  async #askServer(path: string): Promise<unknown> {
    if (this.#call.server === undefined) return undefined;
    const answer = await fetch(new URL(path, this.#call.server), { signal: AbortSignal.timeout(SERVER_TIMEOUT_MS) });
    return answer.json().catch(() => undefined);
  }

  async deadLetters(): Promise<AdminQueue> {
    return new SqsQueue(this.#call, (await this.#findDeadLetters()).url);
  }

  async startMove(): Promise<MoveTask | undefined> {
    const { arn } = await this.#findDeadLetters();
    const input = { QueueUrl: this.#url, AttributeNames: ['QueueArn' as const] };
    const { Attributes } = await this.#call('GetQueueAttributes', input);
    try {
      // The destination is given: the service does not know where messages come from that the puller has sent there.
      await this.#call('StartMessageMoveTask', { SourceArn: arn, DestinationArn: Attributes?.QueueArn });
    } catch (error) {
      if (error instanceof AppError && NOT_OFFERED.has(error.code)) return undefined;
      throw error;
    }
    const status = async () => {
      const { Results = [] } = await this.#call('ListMessageMoveTasks', { SourceArn: arn, MaxResults: 1 });
      const { Status, ApproximateNumberOfMessagesMoved: moved = 0, FailureReason } = Results[0] ?? {};
      const running = Status === 'RUNNING' || Status === 'CANCELLING';
      return { running, moved, ...(Status === 'FAILED' ? { failure: FailureReason ?? 'it gives no reason' } : {}) };
    };
    return { status };
  }

  async purge(): Promise<void> {
    await this.#call('PurgeQueue', { QueueUrl: this.#url });
  }

  close(): void {
    this.#call.close();
  }

  /** The dead-letter queue in the redrive policy. Remembers it, but not a failure: the policy may be set later. */
  #findDeadLetters(): Promise<{ url: string; arn: string }> {
    this.#deadLetters ??= this.#readDeadLetters().catch((error) => {
      this.#deadLetters = undefined;
      throw error;
    });
    return this.#deadLetters;
  }

  async #readDeadLetters(): Promise<{ url: string; arn: string }> {
    const input = { QueueUrl: this.#url, AttributeNames: ['RedrivePolicy' as const] };
    const arn = deadLetterArn((await this.#call('GetQueueAttributes', input)).Attributes?.RedrivePolicy);
    if (arn?.split(':').length === 6) return { url: await urlOfArn(this.#call, arn), arn };
    throw new AppError('QUEUE_NO_DEAD_LETTER', `The queue ${this.name} has no dead-letter queue.`, {
      hint: 'Give the queue a RedrivePolicy that names one, with `aws sqs set-queue-attributes` for example.',
    });
  }
}
