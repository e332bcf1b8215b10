/** All queues of a server over one store. */
import type { AppError } from '../lib/errors/app-error.js';
import { LiveQueue } from './live-queue.js';
import { ACCOUNT_ID, isFifoName } from './protocol/queue-attributes.js';
import type { QueueServerEvent, QueueServerOptions } from './sqs-server.js';
import { GroupCommit } from './store/group-commit.js';
import { openMessageTable } from './store/message-table.js';
import { deleteQueue, insertQueue, type QueueRecord, readQueues, updateQueue } from './store/queue-database.js';
import { QueueMessages } from './store/queue-messages.js';
import { QueueStore } from './store/queue-store.js';

/** Milliseconds between two writes of deliveries that only memory holds. */
const SAVE_INTERVAL_MS = 1_000;
/** Milliseconds between two searches for messages that become visible again while receivers wait. */
const RETURN_INTERVAL_MS = 50;
/** Milliseconds between two searches for expired messages, and how many of a queue are deleted each time. */
const EXPIRE_INTERVAL_MS = 10_000;
const EXPIRE_LIMIT = 5_000;

export class QueueService {
  readonly commits: GroupCommit;
  readonly store: QueueStore;
  readonly onEvent: (event: QueueServerEvent) => void;
  readonly #queues = new Map<string, LiveQueue>();
  /** The error of the last attempt to read the store, if it failed; then memory holds no queues. */
  #readError: unknown;

  constructor(options: Required<Pick<QueueServerOptions, 'path' | 'warn' | 'onEvent' | 'clock'>>) {
    this.onEvent = options.onEvent;
    this.store = new QueueStore(options.path, options.clock, options.onEvent);
    this.commits = new GroupCommit(this.store, {
      beforeCommit: () => this.#eachQueue(({ messages }) => messages.beforeCommit()),
      afterCommit: () =>
        this.commits.guard(() =>
          this.#eachQueue((queue, now) => {
            queue.messages.afterCommit();
            queue.servePolls(now);
          }),
        ),
      afterRollback: (error) => this.#reload(error),
    });
    const skipped = this.#load().join(', ');
    if (skipped !== '') {
      options.warn(
        `queue store ${options.path}: FIFO queues are not supported; not offered: ${skipped}. ` +
          'They stay in the file: use an earlier version to read them.',
      );
    }
    this.commits.every(RETURN_INTERVAL_MS, () =>
      this.#eachQueue((queue, now) => {
        if (queue.messages.nextDue <= now) queue.servePolls(now);
      }),
    );
    this.commits.every(SAVE_INTERVAL_MS, () => this.#eachQueue(({ messages }) => messages.save()));
    this.commits.every(EXPIRE_INTERVAL_MS, () => this.#eachQueue((queue, now) => queue.expire(EXPIRE_LIMIT, now)));
  }

  /** Elapsed milliseconds. */
  now(): number {
    return this.store.clock.now();
  }

  /** Rolls back after a failure of the store. Returns its error if the caller can only try again later. */
  fail(error: unknown): AppError | undefined {
    this.commits.abort(error);
    return this.store.explain(error);
  }

  /** Throws the store's error while the store can't be read. */
  get queues(): LiveQueue[] {
    this.#checkReadable();
    return [...this.#queues.values()];
  }

  /** Those that can be read: none while the store is lost. */
  get readableQueues(): LiveQueue[] {
    return this.store.isLost ? [] : this.queues;
  }

  /** The queues whose redrive policy names this one. */
  sourcesOf(target: LiveQueue): LiveQueue[] {
    return this.queues.filter((queue) => queue.settings.redrive?.deadLetterTargetArn === target.arn);
  }

  /** Throws as {@link queues} does. */
  find(name: string): LiveQueue | undefined {
    this.#checkReadable();
    return this.#queues.get(name);
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:us-east-1:${ACCOUNT_ID}:${name}`;
  }

  findByArn(arn: string): LiveQueue | undefined {
    const name = arn.slice(arn.lastIndexOf(':') + 1);
    return this.arnOf(name) === arn ? this.find(name) : undefined;
  }

  create(queue: Omit<QueueRecord, 'id'>): void {
    this.commits.join();
    this.#open(insertQueue(this.store.database, queue));
  }

  update(queue: LiveQueue): void {
    this.commits.join();
    updateQueue(this.store.database, queue.record);
    queue.attributesChanged();
  }

  delete(queue: LiveQueue): void {
    this.commits.join();
    deleteQueue(this.store.database, queue.record.id);
    this.#queues.delete(queue.record.name);
    queue.polls.end();
  }

  close(): void {
    this.commits.guard(() =>
      this.#eachQueue(({ messages, polls }) => {
        messages.save();
        polls.end();
      }),
    );
    this.commits.close();
  }

  #checkReadable(): void {
    if (this.#readError !== undefined) throw this.#readError;
  }

  #eachQueue(work: (queue: LiveQueue, now: number) => void): void {
    const now = this.now();
    for (const queue of this.#queues.values()) work(queue, now);
  }

  /** Never throws: if the store can't be read, the next request fails with its error, and reading is tried again. */
  #reload(reason: unknown): void {
    this.store.failed(reason);
    try {
      if (this.store.isLost) this.store.restore();
      this.#load();
      this.#readError = undefined;
    } catch (error) {
      this.#queues.clear();
      this.#readError = error;
    }
  }

  /** Reads all queues. Returns the names of those it skips: FIFO queues, which earlier versions could create. */
  #load(): string[] {
    for (const queue of this.#queues.values()) queue.polls.end();
    this.#queues.clear();
    const records = readQueues(this.store.database);
    for (const record of records) if (!isFifoName(record.name)) this.#open(record);
    return records.map(({ name }) => name).filter(isFifoName);
  }

  #open(record: QueueRecord): void {
    const messages = new QueueMessages(openMessageTable(this.store.database, record.id), () => this.commits.join());
    this.#queues.set(record.name, new LiveQueue(record, messages, this));
  }
}
