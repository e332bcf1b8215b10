/**
 * One queue at work: its settings, its messages, and the receivers that wait for them. `now` is elapsed time; what receivers
 * are shown is the wall clock's.
 */
import { LongPolls } from './long-polls.js';
import { asDamagedLetter, damageReason, findMessageDamage } from './protocol/message-checks.js';
import { parseRedrivePolicy, type QueueAttributes, withDefaults } from './protocol/queue-attributes.js';
import type { QueueService } from './queue-service.js';
import type { StoredMessage } from './store/message.js';
import type { QueueRecord } from './store/queue-database.js';
import type { QueueMessages } from './store/queue-messages.js';

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
  settings: ReturnType<typeof parseSettings>;

  constructor(
    readonly record: QueueRecord,
    readonly messages: QueueMessages,
    readonly service: QueueService,
  ) {
    this.settings = parseSettings(this.attributes);
  }

  get arn(): string {
    return this.service.arnOf(this.record.name);
  }

  /** Attributes with defaults, without the computed ones. */
  get attributes(): QueueAttributes {
    return withDefaults(this.record.attributes);
  }

  /** Call it after the record's attributes have changed. */
  attributesChanged(): void {
    this.settings = parseSettings(this.attributes);
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
      const deliverable = picked.filter((message) => this.#isDeliverable(message, now));
      this.messages.deliver(deliverable, due, Date.now());
      received.push(...deliverable);
      if (deliverable.length === picked.length) break;
    }
    return received;
  }

  servePolls(now: number): void {
    if (this.polls.size > 0) this.polls.serve((poll) => this.receive(poll.max, poll.visibilityMs, now));
  }

  /** Deletes messages that are past their retention, at most `limit` of them. */
  expire(limit: number, now: number): void {
    this.messages.remove(this.messages.arrivedBefore(now - this.settings.retentionMs, limit), 'expired');
  }

  /** Adds a dead letter of the queue `source`. It keeps its id, its age and its count of deliveries. */
  #addDeadLetter(message: StoredMessage, source: LiveQueue, now: number): void {
    const earlierReceives = (message.meta?.earlierReceives ?? 0) + message.receives;
    const meta = { ...message.meta, source: source.arn, earlierReceives };
    const seq = this.messages.nextSeq(now);
    this.messages.add([{ ...message, meta, seq, due: null, receives: 0, firstReceived: null }]);
  }

  /** Deletes a message that is past its retention, and moves one that is damaged or was received too often. */
  #isDeliverable(message: StoredMessage, now: number): boolean {
    const { redrive, retentionMs } = this.settings;
    const target = redrive && this.service.findByArn(redrive.deadLetterTargetArn);
    if (message.arrived < now - retentionMs) {
      this.messages.remove([message.seq], 'expired');
      return false;
    }
    if (this.#isDamaged(message, target, now)) return false;
    if (target === undefined || message.receives < redrive!.maxReceiveCount) return true;
    target.#addDeadLetter(message, this, now);
    this.messages.remove([message.seq], 'dead_lettered');
    return false;
  }

  /** Whether a message is not as it was sent. If so, it has been moved. What never left memory needs no check. */
  #isDamaged(message: StoredMessage, target: LiveQueue | undefined, now: number): boolean {
    if (!message.unverified) return false;
    message.unverified = false;
    const damage = findMessageDamage(message);
    if (damage === undefined) return false;
    if (target) {
      target.#addDeadLetter(asDamagedLetter(message, damage), this, now);
      this.messages.remove([message.seq], 'damaged');
    } else {
      this.messages.quarantine(message.seq, damageReason(damage));
    }
    this.service.onEvent({
      type: 'message-damaged',
      queue: this.record.name,
      id: message.id,
      ...(target ? { deadLetterQueue: target.record.name } : {}),
    });
    return true;
  }
}

function parseSettings(attributes: QueueAttributes) {
  const number = (name: string) => Number(attributes[name]);
  return {
    visibilityMs: number('VisibilityTimeout') * 1000,
    retentionMs: number('MessageRetentionPeriod') * 1000,
    maxBytes: number('MaximumMessageSize'),
    delayMs: number('DelaySeconds') * 1000,
    waitMs: number('ReceiveMessageWaitTimeSeconds') * 1000,
    redrive: parseRedrivePolicy(attributes.RedrivePolicy),
  };
}
