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

export class QueueService {
  readonly commits: GroupCommit;
  readonly #database: Database;
  readonly #catalog: Catalog;
  readonly #queues = new Map<string, LiveQueue>();

  constructor(private readonly options: QueueServiceOptions) {
    this.#database = openDatabase(options.path);
    this.#catalog = openCatalog(this.#database);
    this.commits = new GroupCommit(this.#database, {
      beforeCommit: () => this.servePolls(),
      afterRollback: () => this.#load(),
    });
    this.#load();
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
    return this.commits.write(() =>
      this.#open(this.#catalog.insert({ name, attributes, tags, created: now, modified: now })),
    );
  }

  /** Saves changes of a queue's record. */
  update(queue: LiveQueue): void {
    this.commits.write(() => this.#catalog.update(queue.record));
    queue.readSettings();
  }

  delete(queue: LiveQueue): void {
    this.commits.write(() => {
      this.#catalog.remove(queue.record.id);
      openMessageTable(this.#database, queue.record.id).drop();
    });
    this.#queues.delete(queue.record.name);
    queue.polls.end();
  }

  /** Gives messages that have come in, or come back, to those who wait for them. */
  servePolls(): void {
    const now = Date.now();
    for (const queue of this.#queues.values()) queue.servePolls(now);
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.polls.end();
    this.commits.flush();
    this.#database.close();
  }

  #load(): void {
    for (const queue of this.#queues.values()) queue.polls.end();
    this.#queues.clear();
    for (const record of this.#catalog.all()) this.#open(record);
  }

  #open(record: QueueRecord): LiveQueue {
    const table = openMessageTable(this.#database, record.id);
    const index = new StandardIndex(table);
    const queue = new LiveQueue(record, this.arnOf(record.name), index, table.totals().last ?? 0, (arn) =>
      this.findByArn(arn),
    );
    this.#queues.set(record.name, queue);
    return queue;
  }
}
