/**
 * Moves messages out of a dead-letter queue, a few at a time. A task lives as long as the server: after a restart what
 * it had not moved is still in the dead-letter queue.
 */
import { randomUUID } from 'node:crypto';
import type { LiveQueue } from './live-queue.js';
import type { MessageMeta, StoredMessage } from './store/message-table.js';

export interface MoveOrder {
  source: LiveQueue;
  /** Undefined: every message goes back to the queue it came from. */
  destination: LiveQueue | undefined;
  /** Undefined: {@link MAX_PER_SECOND}. */
  perSecond: number | undefined;
}

export type MoveStatus = 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

/** Runs work that no request waits for; should the store fail, it gives up what was begun and ends the running tasks. */
export type Guard = (work: () => void) => void;

const MAX_PER_SECOND = 500;
const TICK_MS = 100;

export class MoveTask {
  readonly handle: string;
  readonly toMove: number;
  moved = 0;
  status: MoveStatus = 'RUNNING';
  failure: string | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Messages that may be moved by now; a fraction is kept for the next tick. */
  #allowance = 1;

  constructor(
    readonly order: MoveOrder,
    /** Unix milliseconds. */
    readonly started: number,
    private readonly findByArn: (arn: string) => LiveQueue | undefined,
    guard: Guard,
  ) {
    const task = { taskId: randomUUID(), sourceArn: order.source.arn };
    this.handle = Buffer.from(JSON.stringify(task)).toString('base64');
    this.toMove = order.source.index.counts.visible;
    this.#timer = setInterval(() => guard(() => this.#tick(Date.now())), TICK_MS).unref();
  }

  end(status: MoveStatus, failure?: string): void {
    clearInterval(this.#timer);
    this.status = status;
    this.failure = failure;
  }

  #tick(now: number): void {
    this.#allowance += ((this.order.perSecond ?? MAX_PER_SECOND) * TICK_MS) / 1000;
    const count = Math.min(Math.floor(this.#allowance), this.toMove - this.moved);
    this.#allowance -= count;
    const messages = count > 0 ? this.order.source.index.pick(count, now) : [];
    for (const message of messages) {
      const destination = this.order.destination ?? this.#originOf(message);
      if (!destination) {
        this.end('FAILED', 'CouldNotDetermineMessageSource');
        return;
      }
      destination.takeBack(message, now);
      this.order.source.index.remove([message.seq]);
      this.moved += 1;
    }
    if (this.moved >= this.toMove || (count > 0 && messages.length === 0)) this.end('COMPLETED');
  }

  #originOf({ meta }: StoredMessage): LiveQueue | undefined {
    const { source }: MessageMeta = meta === null ? {} : JSON.parse(meta);
    return source === undefined ? undefined : this.findByArn(source);
  }
}

/** The tasks of a server, the newest first. */
export class MoveTasks {
  #tasks: MoveTask[] = [];

  constructor(
    private readonly findByArn: (arn: string) => LiveQueue | undefined,
    private readonly guard: Guard,
  ) {}

  start(order: MoveOrder, now: number): MoveTask {
    const task = new MoveTask(order, now, this.findByArn, this.guard);
    this.#tasks.unshift(task);
    // As many as a listing can show, for each source.
    const ended = this.of(order.source.arn).slice(10);
    this.#tasks = this.#tasks.filter((other) => !ended.includes(other));
    return task;
  }

  of(sourceArn: string): MoveTask[] {
    return this.#tasks.filter((task) => task.order.source.arn === sourceArn);
  }

  find(handle: string): MoveTask | undefined {
    return this.#tasks.find((task) => task.handle === handle);
  }

  /** Cancels what still runs. */
  close(): void {
    for (const task of this.#running) task.end('CANCELLED');
  }

  /** Ends what still runs because the store failed. */
  fail(reason: string): void {
    for (const task of this.#running) task.end('FAILED', reason);
  }

  /** Ends the running tasks that take from or give to a queue that is no more. */
  queueDeleted(queue: LiveQueue): void {
    for (const task of this.#running) {
      const { source, destination } = task.order;
      if (source === queue || destination === queue) task.end('FAILED', 'QueueDoesNotExist');
    }
  }

  get #running(): MoveTask[] {
    return this.#tasks.filter((task) => task.status === 'RUNNING');
  }
}
