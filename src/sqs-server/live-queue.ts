/**
 * One queue at work: its settings, its messages, and the receivers that wait for them. `now` is elapsed time; what receivers
 * are shown is the wall clock's.
 */
import { randomUUID } from 'node:crypto';
import { LongPolls } from './long-polls.js';
import {
  parseRedrivePolicy,
  type QueueAttributes,
  type RedrivePolicy,
  withDefaults,
} from './protocol/queue-attributes.js';
import { asDamagedLetter, damageReason, findMessageDamage } from './protocol/verify-message.js';
import { type NewMessage, parseMeta, type StoredMessage } from './store/message-table.js';
import type { QueueMessages } from './store/queue-messages.js';
import type { QueueRecord } from './store/queue-table.js';

/** The queue's attributes, parsed. */
interface QueueSettings {
  visibilityMs: number;
  retentionMs: number;
  maxBytes: number;
  delayMs: number;
  waitMs: number;
  redrive: RedrivePolicy | undefined;
}

/** A message does not have the checksum with which it was sent. */
export interface MessageDamaged {
  type: 'message-damaged';
  queue: string;
  id: string;
  /** Where it is now; without one it stays in the store, and nobody receives it. */
  deadLetterQueue?: string;
}

export class LiveQueue {
  readonly polls = new LongPolls();
  /** Elapsed milliseconds of the last PurgeQueue. */
  lastPurge = 0;
  #settings: QueueSettings;
  #lastSeq: number;
  readonly #findByArn: (arn: string) => LiveQueue | undefined;
  readonly #onDamaged: (event: MessageDamaged) => void;

  /** `findByArn` finds the dead-letter queue at the time it is needed. */
  constructor(
    readonly record: QueueRecord,
    readonly arn: string,
    readonly messages: QueueMessages,
    findByArn: (arn: string) => LiveQueue | undefined,
    onDamaged: (event: MessageDamaged) => void,
  ) {
    this.#findByArn = findByArn;
    this.#onDamaged = onDamaged;
    this.#lastSeq = messages.lastSeq;
    this.#settings = parseSettings(this.attributes);
  }

  /** Attributes with defaults, without the computed ones. */
  get attributes(): QueueAttributes {
    return withDefaults(this.record.attributes);
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  /** Call it after the record's attributes have changed. */
  attributesChanged(): void {
    this.#settings = parseSettings(this.attributes);
  }

  /**
   * The number of the next message. It comes from the elapsed time, which never goes back, so that a restart does not
   * reuse the number of a deleted message, whose receipt handles may still be in use.
   */
  nextSeq(now: number): number {
    this.#lastSeq = Math.max(this.#lastSeq + 1, now * 1000);
    return this.#lastSeq;
  }

  /**
   * Receives up to `max` messages and hides them for `visibilityMs`. Messages that were received too often move to the
   * dead-letter queue instead.
   */
  receive(max: number, visibilityMs: number, now: number): StoredMessage[] {
    const received: StoredMessage[] = [];
    // At least a millisecond: one receiver must not get the same message twice.
    const due = now + Math.max(visibilityMs, 1);
    while (received.length < max) {
      const picked = this.messages.pick(max - received.length, now);
      const deliverable = this.#removeUndeliverable(picked, now);
      if (deliverable.length > 0) this.messages.deliver(deliverable, due, Date.now());
      received.push(...deliverable);
      if (deliverable.length === picked.length) break;
    }
    return received;
  }

  /** Gives messages to waiting receivers. */
  servePolls(now: number): void {
    if (this.polls.size > 0) this.polls.serve((poll) => this.receive(poll.max, poll.visibilityMs, now));
  }

  /** Deletes messages that are past their retention, at most `limit` of them. */
  expire(limit: number, now: number): void {
    const seqs = this.messages.arrivedBefore(now - this.settings.retentionMs, limit);
    if (seqs.length > 0) this.messages.remove(seqs, 'expired');
  }

  /** Adds a dead letter of the queue `source`. It keeps its id, its age and its count of deliveries. */
  addDeadLetter(message: StoredMessage, source: LiveQueue, now: number): void {
    const meta = parseMeta(message);
    meta.source = source.arn;
    meta.earlierReceives = (meta.earlierReceives ?? 0) + message.receives;
    this.#addCopy(message, { meta: JSON.stringify(meta) }, now);
  }

  /** Adds a message that a move task takes out of a dead-letter queue, as a new message. */
  addRedriven(message: StoredMessage, now: number): void {
    const { source: _, earlierReceives: __, ...meta } = parseMeta(message);
    this.#addCopy(message, { id: randomUUID(), sent: Date.now(), arrived: now, meta: JSON.stringify(meta) }, now);
  }

  #addCopy(message: StoredMessage, changes: Partial<NewMessage>, now: number): void {
    const { id, body, bodyMd5, attributes, attributesMd5, sent, arrived, meta } = message;
    const copy = { id, body, bodyMd5, attributes, attributesMd5, sent, arrived, meta, ...changes };
    this.messages.add([{ ...copy, seq: this.nextSeq(now), due: null }]);
  }

  /** Deletes messages past their retention, moves those that are damaged or received too often, and returns the others. */
  #removeUndeliverable(picked: StoredMessage[], now: number): StoredMessage[] {
    const { redrive, retentionMs } = this.settings;
    const target = redrive && this.#findByArn(redrive.deadLetterTargetArn);
    const expired: number[] = [];
    const exhausted: number[] = [];
    const deliverable: StoredMessage[] = [];
    for (const message of picked) {
      if (message.arrived < now - retentionMs) expired.push(message.seq);
      else if (this.#isDamaged(message, target, now)) continue;
      else if (target !== undefined && message.receives >= redrive!.maxReceiveCount) {
        target.addDeadLetter(message, this, now);
        exhausted.push(message.seq);
      } else deliverable.push(message);
    }
    this.messages.remove(expired, 'expired');
    this.messages.remove(exhausted, 'dead_lettered');
    return deliverable;
  }

  /** Whether a message is not as it was sent. If so, it has been moved. What never left memory needs no check. */
  #isDamaged(message: StoredMessage, target: LiveQueue | undefined, now: number): boolean {
    if (!message.unverified) return false;
    message.unverified = false;
    const damage = findMessageDamage(message);
    if (damage === undefined) return false;
    if (target) {
      target.addDeadLetter(asDamagedLetter(message, damage), this, now);
      this.messages.remove([message.seq], 'damaged');
    } else {
      this.messages.quarantine(message.seq, damageReason(damage));
    }
    this.#onDamaged({
      type: 'message-damaged',
      queue: this.record.name,
      id: message.id,
      ...(target ? { deadLetterQueue: target.record.name } : {}),
    });
    return true;
  }
}

function parseSettings(attributes: QueueAttributes): QueueSettings {
  return {
    visibilityMs: Number(attributes.VisibilityTimeout) * 1000,
    retentionMs: Number(attributes.MessageRetentionPeriod) * 1000,
    maxBytes: Number(attributes.MaximumMessageSize),
    delayMs: Number(attributes.DelaySeconds) * 1000,
    waitMs: Number(attributes.ReceiveMessageWaitTimeSeconds) * 1000,
    redrive: parseRedrivePolicy(attributes.RedrivePolicy),
  };
}
