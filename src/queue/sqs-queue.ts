/** The `Queue` port on the SQS API, of Amazon or of the embedded server. */
import { AppError } from '../lib/errors/app-error.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import type { OutgoingMessage, Queue, QueueDepth, QueueServerState, ReceivedMessage, SendResult } from './queue.js';
import { openCall, type SqsCall } from './sqs-call.js';
import type { SqsConnection } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';
import { fromSqs, refusalOf, toSqs, withReason } from './sqs-messages.js';
import { findDeadLetterQueue, resolveUrl } from './sqs-queue-url.js';

export interface SqsQueueOptions extends SqsConnection {
  /** URL or name of the dead-letter queue. Default: the one in the queue's redrive policy. */
  deadLetterQueue?: string;
  /** The server (at an `http:` endpoint) checks no signatures, like the embedded one: it is called without the SDK. */
  unsigned?: boolean;
}

/**
 * Opens a queue. Rejects with the codes of {@link Queue.send}, with `QUEUE_NOT_GIVEN` or `QUEUE_INVALID` when the queue is
 * neither a URL nor a name, and with `QUEUE_ENDPOINT_MISMATCH` when its URL and the endpoint contradict each other. Opening
 * a queue by its URL makes no call.
 */
export async function openSqsQueue(options: SqsQueueOptions): Promise<Queue> {
  const { call, url } = await connectQueue(options);
  return new SqsQueue(call, url, options.deadLetterQueue);
}

/** The connection to a queue, and its URL. Rejects as {@link openSqsQueue} does. */
export async function connectQueue(options: SqsQueueOptions): Promise<{ call: SqsCall; url: string }> {
  if (options.queue.trim() === '') {
    throw new AppError('QUEUE_NOT_GIVEN', 'No queue is given.', { hint: 'Give its name or URL.' });
  }
  const call = openCall(options);
  try {
    return { call, url: await resolveUrl(call, options.queue) };
  } catch (error) {
    call.close();
    throw toQueueError(error, options.queue);
  }
}

/** The answer to a batch names every entry. For one that is missing it is not known whether it was accepted. */
const UNANSWERED: SendResult = {
  ok: false,
  code: 'NoAnswer',
  reason: 'the answer of the queue does not name it',
  retryable: true,
};

class SqsQueue implements Queue {
  /** Its URL, for messages. */
  readonly name: string;
  readonly #call: SqsCall;
  readonly #url: string;
  readonly #deadLetterQueue: string | undefined;
  #deadLetterUrl: Promise<string> | undefined;

  constructor(call: SqsCall, url: string, deadLetterQueue: string | undefined) {
    this.name = withoutSecrets(url);
    this.#call = call;
    this.#url = url;
    this.#deadLetterQueue = deadLetterQueue;
  }

  async send(messages: OutgoingMessage[]): Promise<SendResult[]> {
    const results: (SendResult | undefined)[] = messages.map(refusalOf);
    const Entries = messages.flatMap((message, i) => (results[i] ? [] : [{ Id: String(i), ...toSqs(message) }]));
    if (Entries.length > 0) {
      const answer = this.#call('SendMessageBatch', { QueueUrl: this.#url, Entries });
      const { Successful = [], Failed = [] } = await this.#ask(answer);
      for (const { Id, MessageId } of Successful) results[Number(Id)] = { ok: true, id: MessageId! };
      for (const { Id, Code = 'Unknown', Message: reason = Code, SenderFault } of Failed) {
        results[Number(Id)] = { ok: false, code: Code, reason, retryable: SenderFault !== true };
      }
    }
    return results.map((result) => result ?? UNANSWERED);
  }

  async receive({ waitSeconds, signal }: { waitSeconds: number; signal?: AbortSignal }): Promise<ReceivedMessage[]> {
    signal?.throwIfAborted();
    const input = {
      QueueUrl: this.#url,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['ApproximateReceiveCount' as const, 'SentTimestamp' as const],
    };
    try {
      const { Messages = [] } = await this.#call('ReceiveMessage', input, signal);
      return Messages.map(fromSqs);
    } catch (error) {
      signal?.throwIfAborted();
      throw toQueueError(error, this.name);
    }
  }

  async delete(receipts: string[]): Promise<string[]> {
    const Entries = receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }));
    const { Failed = [] } = await this.#ask(this.#call('DeleteMessageBatch', { QueueUrl: this.#url, Entries }));
    return Failed.map(({ Id }) => receipts[Number(Id)]!);
  }

  async deadLetter(message: ReceivedMessage, reason: string): Promise<string> {
    const QueueUrl = await this.#findDeadLetterUrl();
    const attributes = withReason(message.attributes, reason);
    const entry = toSqs({ body: message.body, attributes });
    const { MessageId } = await this.#ask(this.#call('SendMessage', { QueueUrl, ...entry }));
    return MessageId!;
  }

  depth(): Promise<QueueDepth> {
    return this.#ask(depthOf(this.#call, this.#url));
  }

  async deadLetterDepth(): Promise<QueueDepth | undefined> {
    try {
      return await this.#ask(depthOf(this.#call, await this.#findDeadLetterUrl()));
    } catch (error) {
      if (error instanceof AppError && error.code === 'QUEUE_NO_DEAD_LETTER') return undefined;
      throw error;
    }
  }

  async serverState(): Promise<QueueServerState | undefined> {
    return this.#call.serverState?.();
  }

  async check(): Promise<void> {
    await this.depth();
  }

  close(): void {
    this.#call.close();
  }

  /** Remembers the URL, but not a failure: the policy may be set later. */
  async #findDeadLetterUrl(): Promise<string> {
    this.#deadLetterUrl ??= this.#ask(
      this.#deadLetterQueue === undefined
        ? findDeadLetterQueue(this.#call, this.#url).then(({ url }) => url)
        : resolveUrl(this.#call, this.#deadLetterQueue),
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

/** Rejects as {@link SqsCall} does. */
export async function depthOf(call: SqsCall, url: string): Promise<QueueDepth> {
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
