/** All queues of a server over one store. */
import { messageOf } from '../lib/errors/app-error.js';
import { LiveQueue } from './live-queue.js';
import { MoveTasks } from './move-task.js';
import type { QueueAttributes } from './queue-attributes.js';
import { ReceiveAttempts } from './receive-attempts.js';
import { type Catalog, openCatalog, type QueueRecord } from './store/catalog.js';
import { closeDatabase, type Database, openDatabase } from './store/database.js';
import { type Deduplication, openDeduplication } from './store/deduplication.js';
import { FifoIndex } from './store/fifo-index.js';
import { GroupCommit } from './store/group-commit.js';
import { dropMessageTable, openMessageTable } from './store/message-table.js';
import { StandardIndex } from './store/standard-index.js';

export interface QueueServiceOptions {
  path: string;
  region: string;
  accountId: string;
}

/** Milliseconds after which a delivery is written, if the message is still there. */
const SAVE_INTERVAL_MS = 1_000;
/** Milliseconds between two looks for messages that come back to waiting receivers. */
const RETURN_INTERVAL_MS = 50;
/** Milliseconds between two looks for what is past its time, and how many messages of a queue then go at most. */
const EXPIRE_INTERVAL_MS = 10_000;
const EXPIRE_LIMIT = 5_000;

export class QueueService {
  readonly commits: GroupCommit;
  readonly deduplication: Deduplication;
  readonly moveTasks = new MoveTasks(
    (arn) => this.findByArn(arn),
    (work) => this.#guard(work),
  );
  readonly #database: Database;
  readonly #catalog: Catalog;
  readonly #queues = new Map<string, LiveQueue>();
  readonly #timers: NodeJS.Timeout[];
  /** Why memory is empty: what the store answered when it was last read. */
  #unread: unknown;
  readonly #join = () => this.commits.join();

  constructor(private readonly options: QueueServiceOptions) {
    this.#database = openDatabase(options.path);
    this.commits = new GroupCommit(this.#database, {
      beforeCommit: () => {
        for (const queue of this.#queues.values()) queue.index.beforeCommit();
      },
      afterCommit: () => this.#showAdded(),
      afterRollback: (error) => this.#loadAgain(error),
    });
    this.#catalog = openCatalog(this.#database, this.#join);
    this.deduplication = openDeduplication(this.#database, this.#join);
    this.#load();
    this.#timers = [
      setInterval(() => this.#serveReturned(), RETURN_INTERVAL_MS),
      setInterval(() => this.#save(), SAVE_INTERVAL_MS),
      setInterval(() => this.#expire(), EXPIRE_INTERVAL_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Throws what the store answered as long as it can't be read. */
  get queues(): LiveQueue[] {
    this.#checkRead();
    return [...this.#queues.values()];
  }

  /** The queues whose redrive policy names this one. */
  sourcesOf(target: LiveQueue): LiveQueue[] {
    return this.queues.filter((queue) => queue.settings.redrive?.deadLetterTargetArn === target.arn);
  }

  /** Throws as {@link queues} does. */
  find(name: string): LiveQueue | undefined {
    this.#checkRead();
    return this.#queues.get(name);
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:${this.options.region}:${this.options.accountId}:${name}`;
  }

  findByArn(arn: string): LiveQueue | undefined {
    const name = arn.slice(arn.lastIndexOf(':') + 1);
    return this.arnOf(name) === arn ? this.find(name) : undefined;
  }

  create(name: string, attributes: QueueAttributes, tags: Record<string, string>, now: number): LiveQueue {
    return this.#open(this.#catalog.insert({ name, attributes, tags, created: now, modified: now }));
  }

  /** Saves changes of a queue's record. */
  update(queue: LiveQueue): void {
    this.#catalog.update(queue.record);
    queue.readSettings();
  }

  delete(queue: LiveQueue): void {
    this.#catalog.remove(queue.record.id);
    this.deduplication.remove(queue.record.id);
    dropMessageTable(this.#database, queue.record.id, this.#join);
    this.#queues.delete(queue.record.name);
    this.moveTasks.queueDeleted(queue);
    queue.end();
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.moveTasks.close();
    this.#save();
    for (const queue of this.#queues.values()) queue.end();
    this.commits.flush();
    closeDatabase(this.#database);
  }

  #checkRead(): void {
    if (this.#unread !== undefined) throw this.#unread;
  }

  /** Does something that no request waits for; should the store fail, memory is read anew. Never throws. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.commits.abort(error);
    }
  }

  /** {@link #guard} for every queue. */
  #each(work: (queue: LiveQueue) => void): void {
    this.#guard(() => {
      for (const queue of this.#queues.values()) work(queue);
    });
  }

  #showAdded(): void {
    const now = Date.now();
    this.#each((queue) => {
      queue.index.afterCommit();
      queue.servePolls(now);
    });
  }

  #serveReturned(): void {
    const now = Date.now();
    this.#each((queue) => {
      if (queue.index.nextDue <= now) queue.servePolls(now);
    });
  }

  #expire(): void {
    const now = Date.now();
    this.#guard(() => this.deduplication.expire(now));
    this.#each((queue) => queue.expire(EXPIRE_LIMIT, now));
  }

  #save(): void {
    this.#each((queue) => queue.index.save());
  }

  /** Never throws: a store that can't be read is read again after the next request, which fails of it. */
  #loadAgain(reason: unknown): void {
    this.moveTasks.fail(messageOf(reason));
    try {
      this.#load();
      this.#unread = undefined;
    } catch (error) {
      this.#queues.clear();
      this.#unread = error;
    }
  }

  #load(): void {
    for (const queue of this.#queues.values()) queue.end();
    this.#queues.clear();
    for (const record of this.#catalog.all()) this.#open(record);
  }

  #open(record: QueueRecord): LiveQueue {
    const table = openMessageTable(this.#database, record.id, this.#join);
    const fifo = record.name.endsWith('.fifo');
    const index = fifo ? new FifoIndex(table) : new StandardIndex(table);
    const attempts = fifo ? new ReceiveAttempts(index, table) : undefined;
    const queue = new LiveQueue(record, this.arnOf(record.name), index, attempts, (arn) => this.findByArn(arn));
    this.#queues.set(record.name, queue);
    return queue;
  }
}
