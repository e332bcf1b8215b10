/**
 * Tasks that move messages out of a dead-letter queue, a few at a time. A task ends with the server; what it has not
 * moved stays in the dead-letter queue.
 */
import { randomUUID } from 'node:crypto';
import type { LiveQueue } from './live-queue.js';
import { parseMeta, type StoredMessage } from './store/message-table.js';

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

/** Runs work that belongs to no request. If the store fails, it rolls back and fails the running tasks. */
type Guard = (work: () => void) => void;

type FindByArn = (arn: string) => LiveQueue | undefined;

const MAX_PER_SECOND = 500;
const TICK_MS = 100;
/** As many ended tasks of a source are kept as ListMessageMoveTasks can return. */
const MAX_KEPT_TASKS = 10;

export class MoveTask {
  readonly handle: string;
  moved = 0;
  status: MoveStatus = 'RUNNING';
  failure: string | undefined;
  readonly #findByArn: FindByArn;
  readonly #timer: NodeJS.Timeout;
  /** Messages that may be moved by now; a fraction is kept for the next tick. */
  #allowance = 1;

  /** `started`: Unix milliseconds. */
  constructor(
    readonly order: MoveOrder,
    readonly started: number,
    findByArn: FindByArn,
    guard: Guard,
    now: () => number,
  ) {
    this.#findByArn = findByArn;
    const id = { taskId: randomUUID(), sourceArn: order.source };
    this.handle = Buffer.from(JSON.stringify(id)).toString('base64');
    this.#timer = setInterval(() => guard(() => this.#tick(now())), TICK_MS).unref();
  }

  end(status: MoveStatus, failure?: string): void {
    clearInterval(this.#timer);
    this.status = status;
    this.failure = failure;
  }

  #tick(now: number): void {
    const { perSecond = MAX_PER_SECOND, toMove } = this.order;
    // While the task runs, both exist.
    const source = this.#findByArn(this.order.source)!;
    const destination = this.order.destination === undefined ? undefined : this.#findByArn(this.order.destination);
    this.#allowance += (perSecond * TICK_MS) / 1000;
    const count = Math.min(Math.floor(this.#allowance), toMove - this.moved);
    this.#allowance -= count;
    const messages = count > 0 ? source.messages.pick(count, now) : [];
    for (const message of messages) {
      const target = destination ?? this.#originOf(message);
      if (!target) {
        this.end('FAILED', 'CouldNotDetermineMessageSource');
        return;
      }
      target.addRedriven(message, now);
      source.messages.remove([message.seq], 'moved');
      this.moved += 1;
    }
    if (this.moved >= toMove || (count > 0 && messages.length === 0)) this.end('COMPLETED');
  }

  #originOf(message: StoredMessage): LiveQueue | undefined {
    const { source } = parseMeta(message);
    return source === undefined ? undefined : this.#findByArn(source);
  }
}

/** The ARN in a handle; undefined: it is not a task handle. */
export function sourceOfHandle(handle: string): string | undefined {
  try {
    const { sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString());
    return typeof sourceArn === 'string' ? sourceArn : undefined;
  } catch {
    return undefined;
  }
}

/** The tasks of a server, the newest first. */
export class MoveTasks {
  readonly #findByArn: FindByArn;
  readonly #guard: Guard;
  readonly #now: () => number;
  #tasks: MoveTask[] = [];

  /** `now`: elapsed milliseconds. */
  constructor(findByArn: FindByArn, guard: Guard, now: () => number) {
    this.#findByArn = findByArn;
    this.#guard = guard;
    this.#now = now;
  }

  /** `started`: Unix milliseconds. */
  start(order: MoveOrder, started: number): MoveTask {
    const task = new MoveTask(order, started, this.#findByArn, this.#guard, this.#now);
    this.#tasks.unshift(task);
    const forgotten = this.of(order.source).slice(MAX_KEPT_TASKS);
    this.#tasks = this.#tasks.filter((other) => !forgotten.includes(other));
    return task;
  }

  of(sourceArn: string): MoveTask[] {
    return this.#tasks.filter((task) => task.order.source === sourceArn);
  }

  find(handle: string): MoveTask | undefined {
    return this.#tasks.find((task) => task.handle === handle);
  }

  /** Cancels the running tasks. */
  close(): void {
    for (const task of this.#running) task.end('CANCELLED');
  }

  /** Fails the running tasks because the store failed. */
  fail(reason: string): void {
    for (const task of this.#running) task.end('FAILED', reason);
  }

  /** Fails the running tasks whose source or destination is the deleted queue. */
  queueDeleted(queue: LiveQueue): void {
    for (const task of this.#running) {
      const { source, destination } = task.order;
      if (source === queue.arn || destination === queue.arn) task.end('FAILED', 'QueueDoesNotExist');
    }
  }

  get #running(): MoveTask[] {
    return this.#tasks.filter((task) => task.status === 'RUNNING');
  }
}
