/** The `AdminQueue` port on the SQS API. */
import type { Message, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { AppError } from '../lib/errors/app-error.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import type { AdminQueue, LookOptions, MoveTask, SeenMessage } from './admin-queue.js';
import { type QueueDepth, REPLAY_OF_ATTRIBUTE } from './queue.js';
import type { Action, Input, Output, SqsCall } from './sqs-call.js';
import { endpointOf } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';
import { DEAD_LETTER_REASON_ATTRIBUTE, fromSqs } from './sqs-messages.js';
import { connectQueue, depthOf, type SqsQueueOptions } from './sqs-queue.js';
import { findDeadLetterQueue } from './sqs-queue-url.js';

/** Opens a queue for an operator. Rejects as `openSqsQueue` does. */
export async function openSqsAdminQueue(options: SqsQueueOptions): Promise<AdminQueue> {
  const { call, url } = await connectQueue(options);
  return new SqsAdminQueue(call, url, options.unsigned ? endpointOf(options) : undefined);
}

type RawAttributes = NonNullable<SendMessageCommandInput['MessageAttributes']>;

/**
 * Failures of StartMessageMoveTask after which messages can still be moved one by one. Servers break on an action that they
 * don't know; where the queue is really out of reach, the next call says so.
 */
const NOT_OFFERED = new Set(['QUEUE_ERROR', 'QUEUE_DENIED', 'QUEUE_UNREACHABLE']);
const STATS_TIMEOUT_MS = 3_000;
/** SQS allows ten attributes per message. */
const MAX_ATTRIBUTES = 10;

class SqsAdminQueue implements AdminQueue {
  /** Its URL, for messages. */
  readonly name: string;
  readonly #sqs: SqsCall;
  readonly #url: string;
  /** Origin of our own server. */
  readonly #server: string | undefined;

  constructor(sqs: SqsCall, url: string, server: string | undefined) {
    this.name = withoutSecrets(url);
    this.#sqs = sqs;
    this.#url = url;
    this.#server = server;
  }

  async depth(): Promise<QueueDepth> {
    return this.#translated(depthOf(this.#sqs, this.#url));
  }

  async oldestAge(): Promise<number | undefined> {
    if (this.#server === undefined) return undefined;
    try {
      const response = await fetch(`${this.#server}/stats`, { signal: AbortSignal.timeout(STATS_TIMEOUT_MS) });
      const { queues } = (await response.json()) as { queues: { name: string; oldestAgeMs?: number }[] };
      return queues.find(({ name }) => this.name.endsWith(`/${name}`))?.oldestAgeMs;
    } catch {
      // Another server that checks no signatures.
      return undefined;
    }
  }

  async deadLetters(): Promise<AdminQueue> {
    const { url } = await this.#translated(findDeadLetterQueue(this.#sqs, this.#url));
    return new SqsAdminQueue(this.#sqs, url, this.#server);
  }

  async look({ max, hideSeconds, waitSeconds }: LookOptions): Promise<SeenMessage[]> {
    const { Messages = [] } = await this.#call('ReceiveMessage', {
      QueueUrl: this.#url,
      MaxNumberOfMessages: max,
      VisibilityTimeout: hideSeconds,
      WaitTimeSeconds: waitSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'DeadLetterQueueSourceArn'],
    });
    return Messages.map(toSeen);
  }

  async release(messages: SeenMessage[]): Promise<void> {
    for (let i = 0; i < messages.length; i += 10) {
      const Entries = messages
        .slice(i, i + 10)
        .map(({ receipt }, n) => ({ Id: String(n), ReceiptHandle: receipt, VisibilityTimeout: 0 }));
      await this.#call('ChangeMessageVisibilityBatch', { QueueUrl: this.#url, Entries });
    }
  }

  async delete(messages: SeenMessage[]): Promise<SeenMessage[]> {
    const Entries = messages.map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt }));
    const { Failed = [] } = await this.#call('DeleteMessageBatch', { QueueUrl: this.#url, Entries });
    return Failed.map(({ Id }) => messages[Number(Id)]!);
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

  async startMove(): Promise<MoveTask | undefined> {
    const { arn } = await this.#translated(findDeadLetterQueue(this.#sqs, this.#url));
    const { Attributes } = await this.#call('GetQueueAttributes', {
      QueueUrl: this.#url,
      AttributeNames: ['QueueArn'],
    });
    try {
      // The destination is given: the service does not know where messages come from that the puller has sent there.
      await this.#call('StartMessageMoveTask', { SourceArn: arn, DestinationArn: Attributes?.QueueArn });
    } catch (error) {
      if (error instanceof AppError && NOT_OFFERED.has(error.code)) return undefined;
      throw error;
    }
    return {
      status: async () => {
        const { Results = [] } = await this.#call('ListMessageMoveTasks', { SourceArn: arn, MaxResults: 1 });
        const { Status, ApproximateNumberOfMessagesMoved: moved = 0, FailureReason } = Results[0] ?? {};
        const failure = Status === 'FAILED' ? (FailureReason ?? 'it gives no reason') : undefined;
        return {
          running: Status === 'RUNNING' || Status === 'CANCELLING',
          moved,
          ...(failure === undefined ? {} : { failure }),
        };
      },
    };
  }

  async purge(): Promise<void> {
    await this.#call('PurgeQueue', { QueueUrl: this.#url });
  }

  close(): void {
    this.#sqs.close();
  }

  #call<A extends Action>(action: A, input: Input<A>): Promise<Output<A>> {
    return this.#translated(this.#sqs(action, input));
  }

  async #translated<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw toQueueError(error, this.#url);
    }
  }
}

function toSeen(message: Message): SeenMessage {
  const seen = fromSqs(message);
  const exhausted = message.Attributes?.DeadLetterQueueSourceArn !== undefined;
  return {
    ...seen,
    // After a move task a message still has the reason of the time before.
    deadLetterReason: exhausted ? undefined : seen.attributes[DEAD_LETTER_REASON_ATTRIBUTE],
    exhausted,
    rawAttributes: message.MessageAttributes ?? {},
  };
}
