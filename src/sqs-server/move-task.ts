/**
 * A task that moves messages out of a dead-letter queue, a few at a time. It ends with the server; what it has not moved
 * stays in the dead-letter queue.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { jsonOf } from '../lib/json.js';
import type { LiveQueue } from './live-queue.js';

interface MoveOrder {
  /** ARNs: queues are read anew when the store is written back, and ended tasks must not hold on to the old file. */
  source: string;
  /** Undefined: every message goes back to the queue it came from. */
  destination: string | undefined;
  /** Undefined: {@link MAX_PER_SECOND}. */
  perSecond: number | undefined;
  /** Messages that are there at the start; later ones stay. */
  toMove: number;
}

type MoveStatus = 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

const MAX_PER_SECOND = 500;
/** Milliseconds between two calls of {@link MoveTask.move}. */
export const MOVE_INTERVAL_MS = 100;

export class MoveTask {
  readonly handle: string;
  moved = 0;
  status: MoveStatus = 'RUNNING';
  failure: string | undefined;
  /** Messages that may be moved by now; a fraction is kept for the next time. */
  #allowance = 1;

  /** `started`: Unix milliseconds. */
  constructor(
    readonly order: MoveOrder,
    readonly started: number,
  ) {
    const id = { taskId: randomUUID(), sourceArn: order.source };
    this.handle = Buffer.from(JSON.stringify(id)).toString('base64');
  }

  /** Does nothing once it has ended. */
  end(status: MoveStatus, failure?: string): void {
    if (this.status !== 'RUNNING') return;
    this.status = status;
    this.failure = failure;
  }

  /** Moves the next messages. It is complete only at the next call after the last one, when they are on disk. */
  move(findByArn: (arn: string) => LiveQueue | undefined, now: number): void {
    const { perSecond = MAX_PER_SECOND, toMove } = this.order;
    const find = (arn: string | undefined) => (arn === undefined ? undefined : findByArn(arn));
    const source = findByArn(this.order.source);
    const destination = find(this.order.destination);
    if (!source || (this.order.destination !== undefined && !destination)) {
      this.end('FAILED', 'QueueDoesNotExist');
      return;
    }
    this.#allowance += (perSecond * MOVE_INTERVAL_MS) / 1000;
    const count = Math.min(Math.floor(this.#allowance), toMove - this.moved);
    this.#allowance -= count;
    const messages = count > 0 ? source.messages.pick(count, now) : [];
    if (this.moved >= toMove || (count > 0 && messages.length === 0)) this.end('COMPLETED');
    for (const message of messages) {
      const target = destination ?? find(message.meta?.source);
      if (!target) {
        this.end('FAILED', 'CouldNotDetermineMessageSource');
        return;
      }
      target.addRedriven(message, now);
      source.messages.remove([message.seq], 'moved');
      this.moved += 1;
    }
  }
}

const handleSchema = z.object({ sourceArn: z.string() });

/** The ARN in a handle; undefined: it is not a task handle. */
export const sourceOfHandle = (handle: string): string | undefined =>
  handleSchema.safeParse(jsonOf(Buffer.from(handle, 'base64').toString())).data?.sourceArn;
