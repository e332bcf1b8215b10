/** One queue at work: its settings, its messages, and who waits for them. */
import { randomUUID } from 'node:crypto';
import { LongPolls } from './long-polls.js';
import { parseRedrivePolicy, type QueueAttributes, type RedrivePolicy, withDefaults } from './queue-attributes.js';
import type { ReceiveAttempts } from './receive-attempts.js';
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
  /** FIFO: the body's digest serves as deduplication id. */
  contentBased: boolean;
  /** FIFO: deduplication ids hold within a message group only. */
  scopeByGroup: boolean;
}

export class LiveQueue {
  readonly polls = new LongPolls();
  settings!: QueueSettings;
  /** Unix milliseconds. */
  lastPurge = 0;
  #lastSeq: number;

  constructor(
    readonly record: QueueRecord,
    readonly arn: string,
    readonly index: MessageIndex,
    /** FIFO queues only. */
    readonly attempts: ReceiveAttempts | undefined,
    /** Finds the dead-letter queue at the time it is needed. */
    private readonly findByArn: (arn: string) => LiveQueue | undefined,
  ) {
    this.#lastSeq = index.lastSeq;
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
      contentBased: attributes.ContentBasedDeduplication === 'true',
      scopeByGroup: attributes.DeduplicationScope === 'messageGroup',
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
    // A message that is visible at once again must not be picked twice for one receiver.
    const due = now + Math.max(visibilityMs, 1);
    while (taken.length < max) {
      const picked = this.index.pick(max - taken.length, now);
      const good = this.#withoutLeftovers(picked, now);
      if (good.length > 0) this.index.deliver(good, due, now);
      taken.push(...good);
      if (good.length === picked.length) break;
    }
    return taken;
  }

  /** Gives messages to waiting receivers. */
  servePolls(now: number): void {
    if (this.polls.size > 0) this.polls.serve((poll) => this.take(poll.max, poll.visibilityMs, now));
  }

  /** Sends every receiver home without a message: the queue is no more, or is read anew. */
  end(): void {
    this.attempts?.clear();
    this.polls.end();
  }

  /** Drops messages past their retention, at most `limit` of them. */
  expire(limit: number, now: number): void {
    const seqs = this.index.sentBefore(now - this.settings.retentionMs, limit);
    if (seqs.length > 0) this.index.remove(seqs);
  }

  /** Takes over a message that `source` gives up: it keeps its id, and says where it comes from. */
  adopt(message: StoredMessage, source: LiveQueue, now: number): void {
    const meta: MessageMeta = message.meta ? JSON.parse(message.meta) : {};
    meta.source = source.arn;
    meta.earlierReceives = (meta.earlierReceives ?? 0) + message.receives;
    // The retention of a standard message goes on counting in the dead-letter queue, that of a FIFO message begins anew.
    this.#addCopy(message, { sent: this.fifo ? now : message.sent, meta: JSON.stringify(meta) }, now);
  }

  /** Takes a message back from a dead-letter queue, as a new one. */
  takeBack(message: StoredMessage, now: number): void {
    const { source: _, earlierReceives: __, ...meta }: MessageMeta = message.meta ? JSON.parse(message.meta) : {};
    this.#addCopy(message, { id: randomUUID(), sent: now, meta: JSON.stringify(meta) }, now);
  }

  #addCopy(message: StoredMessage, changes: Partial<NewMessage>, now: number): void {
    const { id, body, bodyMd5, attributes, attributesMd5, sent, meta } = message;
    const same = { id, body, bodyMd5, attributes, attributesMd5, sent, meta };
    this.index.add([{ ...same, ...changes, seq: this.nextSeq(now), due: null }]);
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
