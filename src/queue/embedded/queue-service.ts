/** All queues of a server over one store. */

import { LiveQueue } from './live-queue.js';
import type { QueueAttributes } from './queue-attributes.js';
import { type Catalog, openCatalog, type QueueRecord } from './store/catalog.js';
import { type Database, openDatabase } from './store/database.js';
import { GroupCommit } from './store/group-commit.js';
import { openMessageTable } from './store/message-table.js';
import { StandardIndex } from './store/standard-index.js';

export interface QueueServiceOptions {
  path: string;
  region: string;
  accountId: string;
}

/** Milliseconds after which a delivery is written, if the message is still there. */
const SAVE_INTERVAL_MS = 1_000;

export class QueueService {
  readonly commits: GroupCommit;
  readonly #database: Database;
  readonly #catalog: Catalog;
  readonly #queues = new Map<string, LiveQueue>();

  readonly #saver: NodeJS.Timeout;
  readonly #join = () => this.commits.join();

  constructor(private readonly options: QueueServiceOptions) {
    this.#database = openDatabase(options.path);
    this.commits = new GroupCommit(this.#database, {
      beforeCommit: () => this.#each((queue) => queue.index.beforeCommit()),
      afterCommit: () => this.#showAdded(),
      afterRollback: () => this.#load(),
    });
    this.#catalog = openCatalog(this.#database, this.#join);
    this.#load();
    this.#saver = setInterval(() => this.#save(), SAVE_INTERVAL_MS).unref();
  }

  get queues(): LiveQueue[] {
    return [...this.#queues.values()];
  }

  find(name: string): LiveQueue | undefined {
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
    openMessageTable(this.#database, queue.record.id, this.#join).drop();
    this.#queues.delete(queue.record.name);
    queue.polls.end();
  }

  close(): void {
    clearInterval(this.#saver);
    this.#save();
    this.#each((queue) => queue.polls.end());
    this.commits.flush();
    this.#database.close();
  }

  #each(work: (queue: LiveQueue) => void): void {
    for (const queue of this.#queues.values()) work(queue);
  }

  #showAdded(): void {
    const now = Date.now();
    this.#each((queue) => {
      queue.index.afterCommit();
      queue.servePolls(now);
    });
  }

  #save(): void {
    this.#each((queue) => queue.index.save());
  }

  #load(): void {
    this.#each((queue) => queue.polls.end());
    this.#queues.clear();
    for (const record of this.#catalog.all()) this.#open(record);
  }

  #open(record: QueueRecord): LiveQueue {
    const table = openMessageTable(this.#database, record.id, this.#join);
    const index = new StandardIndex(table);
    const queue = new LiveQueue(record, this.arnOf(record.name), index, table.totals().last ?? 0, (arn) =>
      this.findByArn(arn),
    );
    this.#queues.set(record.name, queue);
    return queue;
  }
}
