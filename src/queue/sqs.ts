/** The `Queue` contract on the AWS SDK: Amazon SQS itself, or the embedded server (`embedded/server.ts`). */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { usageError } from '../core/errors.js';
import type { OutgoingMessage, Queue, QueueDepth, ReceivedMessage, SendResult } from './queue.js';
import { createCall, type SqsCall } from './sqs-call.js';
import { createClient, loadSdk, queueUrlOf, type Sdk, type SqsConnection } from './sqs-client.js';
import { findDeadLetterUrl } from './sqs-dead-letter.js';
import { toQueueError } from './sqs-errors.js';
import { fromSqs, refusalOf, toSqs, withReason } from './sqs-messages.js';

export interface SqsQueueOptions extends SqsConnection {
  /** URL or name of the dead-letter queue. Default: the one in the queue's redrive policy. */
  deadLetterQueue?: string;
}

/**
 * Opens a queue. Rejects with the codes of {@link Queue.send}, and with `QUEUE_ENDPOINT_MISMATCH` (exit code 2) when the
 * queue's URL and the endpoint contradict each other. A queue given by its URL is not asked for anything yet.
 */
export async function openSqsQueue(options: SqsQueueOptions): Promise<Queue> {
  if (options.queue.trim() === '') {
    throw usageError('QUEUE_NOT_GIVEN', 'No queue is given.', 'Give its name or URL.');
  }
  const sdk = await loadSdk();
  const client = createClient(sdk, options);
  try {
    const url = await resolveUrl(sdk, client, options.queue);
    return new SqsQueue(sdk, client, url, options.deadLetterQueue);
  } catch (error) {
    client.destroy();
    throw toQueueError(error, options.queue);
  }
}

async function resolveUrl(sdk: Sdk, client: SQSClient, queue: string): Promise<string> {
  if (queueUrlOf(queue)) return queue;
  const { QueueUrl } = await client.send(new sdk.GetQueueUrlCommand({ QueueName: queue }));
  return QueueUrl!;
}

/** The answer to a batch names every entry; should one be missing, nobody knows its fate. */
const UNANSWERED: SendResult = {
  ok: false,
  code: 'NoAnswer',
  reason: 'the queue did not say what became of it',
  retryable: true,
};

class SqsQueue implements Queue {
  #deadLetterUrl: Promise<string> | undefined;

  readonly #call: SqsCall;

  constructor(
    private readonly sdk: Sdk,
    private readonly client: SQSClient,
    readonly name: string,
    private readonly deadLetterQueue: string | undefined,
  ) {
    this.#call = createCall(client);
  }

  async send(messages: OutgoingMessage[]): Promise<SendResult[]> {
    const results: (SendResult | undefined)[] = messages.map(refusalOf);
    const Entries = messages.flatMap((message, i) => (results[i] ? [] : [{ Id: String(i), ...toSqs(message) }]));
    if (Entries.length > 0) {
      const command = new this.sdk.SendMessageBatchCommand({ QueueUrl: this.name, Entries });
      const { Successful = [], Failed = [] } = await this.#ask(this.#call(command));
      for (const { Id, MessageId } of Successful) results[Number(Id)] = { ok: true, id: MessageId! };
      for (const { Id, Code = 'Unknown', Message: reason = Code, SenderFault } of Failed) {
        results[Number(Id)] = { ok: false, code: Code, reason, retryable: SenderFault !== true };
      }
    }
    return results.map((result) => result ?? UNANSWERED);
  }

  async receive({ waitSeconds, signal }: { waitSeconds: number; signal?: AbortSignal }): Promise<ReceivedMessage[]> {
    signal?.throwIfAborted();
    const command = new this.sdk.ReceiveMessageCommand({
      QueueUrl: this.name,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    });
    try {
      const { Messages = [] } = await this.#call(command, signal);
      return Messages.map(fromSqs);
    } catch (error) {
      signal?.throwIfAborted();
      throw toQueueError(error, this.name);
    }
  }

  async delete(receipts: string[]): Promise<string[]> {
    const Entries = receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
    const command = new this.sdk.DeleteMessageBatchCommand({ QueueUrl: this.name, Entries });
    const { Failed = [] } = await this.#ask(this.#call(command));
    return Failed.map(({ Id }) => receipts[Number(Id)]!);
  }

  async deadLetter(message: ReceivedMessage, reason: string): Promise<void> {
    const QueueUrl = await this.#findDeadLetterUrl();
    const attributes = withReason(message.attributes, reason);
    const entry = toSqs({ body: message.body, attributes });
    await this.#ask(this.#call(new this.sdk.SendMessageCommand({ QueueUrl, ...entry })));
  }

  async depth(): Promise<QueueDepth> {
    const command = new this.sdk.GetQueueAttributesCommand({
      QueueUrl: this.name,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    });
    const { Attributes = {} } = await this.#ask(this.#call(command));
    return {
      visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  async check(): Promise<void> {
    await this.depth();
  }

  close(): void {
    this.client.destroy();
  }

  /** Remembers the URL, but not a failure: a policy may be set later. */
  async #findDeadLetterUrl(): Promise<string> {
    this.#deadLetterUrl ??= this.#ask(
      this.deadLetterQueue === undefined
        ? findDeadLetterUrl(this.sdk, this.client, this.name)
        : resolveUrl(this.sdk, this.client, this.deadLetterQueue),
    );
    try {
      return await this.#deadLetterUrl;
    } catch (error) {
      this.#deadLetterUrl = undefined;
      throw error;
    }
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw toQueueError(error, this.name);
    }
  }
}
