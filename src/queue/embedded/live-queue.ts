/** One queue at work: its settings, its messages, and who waits for them. */
import { LongPolls } from './long-polls.js';
import { parseRedrivePolicy, type QueueAttributes, type RedrivePolicy, withDefaults } from './queue-attributes.js';
import type { QueueRecord } from './store/catalog.js';
import type { MessageIndex } from './store/message-index.js';
import type { MessageMeta, NewMessage, StoredMessage } from './store/message-table.js';

/** Numbers of a queue's attributes, ready to use. */
export interface QueueSettings {
  visibilityMs: number;
  retentionMs: number;
  maxBytes: number;
  delayMs: number;
  waitMs: number;
  redrive: RedrivePolicy | undefined;
}

export class LiveQueue {
  readonly polls = new LongPolls();
  settings!: QueueSettings;
  /** Unix milliseconds. */
  lastPurge = 0;
  #lastSeq = 0;

  constructor(
    readonly record: QueueRecord,
    readonly arn: string,
    readonly index: MessageIndex,
    lastSeq: number,
    /** Finds the dead-letter queue at the time it is needed. */
    private readonly findByArn: (arn: string) => LiveQueue | undefined,
  ) {
    this.#lastSeq = lastSeq;
    this.readSettings();
  }

  get fifo(): boolean {
    return this.record.name.endsWith('.fifo');
  }

  /** Attributes with defaults, without the computed ones. */
  get attributes(): QueueAttributes {
    return withDefaults(this.record.attributes, this.fifo);
  }

  /** To be called after the record's attributes have changed. */
  readSettings(): void {
    const attributes = this.attributes;
    this.settings = {
      visibilityMs: Number(attributes.VisibilityTimeout) * 1000,
      retentionMs: Number(attributes.MessageRetentionPeriod) * 1000,
      maxBytes: Number(attributes.MaximumMessageSize),
      delayMs: Number(attributes.DelaySeconds) * 1000,
      waitMs: Number(attributes.ReceiveMessageWaitTimeSeconds) * 1000,
      redrive: parseRedrivePolicy(attributes.RedrivePolicy),
    };
  }

  /**
   * The next place in the order of messages. Taken from the clock, so that a number is not used again after a restart,
   * when the messages that had it are gone but their receipt handles are not.
   */
  nextSeq(now: number): number {
    this.#lastSeq = Math.max(this.#lastSeq + 1, now * 1000);
    return this.#lastSeq;
  }

  /** Takes up to `max` messages and hides them for `visibilityMs`. Messages received too often move to the dead-letter queue. */
  take(max: number, visibilityMs: number, now: number): StoredMessage[] {
    const taken: StoredMessage[] = [];
    while (taken.length < max) {
      const picked = this.index.pick(max - taken.length, now);
      if (picked.length === 0) break;
      const good = this.#withoutLeftovers(picked, now);
      if (good.length > 0) this.index.deliver(good, now + visibilityMs, now);
      taken.push(...good);
    }
    return taken;
  }

  /** Gives messages to waiting receivers. */
  servePolls(now: number): void {
    if (this.polls.size > 0) this.polls.serve((poll) => this.take(poll.max, poll.visibilityMs, now));
  }

  /** Puts a message of another queue here, as it is, at the end. */
  adopt(message: StoredMessage, source: LiveQueue, now: number): void {
    const meta: MessageMeta = message.meta ? JSON.parse(message.meta) : {};
    meta.source = source.arn;
    meta.earlierReceives = (meta.earlierReceives ?? 0) + message.receives;
    const { id, body, bodyMd5, attributes, attributesMd5, sent } = message;
    const adopted: NewMessage = {
      ...{ seq: this.nextSeq(now), id, body, bodyMd5, attributes, attributesMd5 },
      // A FIFO message counts its retention anew in the dead-letter queue, a standard message does not.
      ...{ sent: this.fifo ? now : sent, due: null, meta: JSON.stringify(meta) },
    };
    this.index.add([adopted]);
  }

  /** Drops messages past their retention, moves those received too often, and returns the others. */
  #withoutLeftovers(picked: StoredMessage[], now: number): StoredMessage[] {
    const { redrive, retentionMs } = this.settings;
    const target = redrive && this.findByArn(redrive.deadLetterTargetArn);
    const leftovers: number[] = [];
    const good = picked.filter((message) => {
      const expired = message.sent < now - retentionMs;
      const exhausted = target !== undefined && message.receives >= redrive!.maxReceiveCount;
      if (exhausted && !expired) target.adopt(message, this, now);
      if (expired || exhausted) leftovers.push(message.seq);
      return !expired && !exhausted;
    });
    if (leftovers.length > 0) this.index.remove(leftovers);
    return good;
  }
}
