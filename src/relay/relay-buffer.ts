/**
 * The readings that a relay keeps, in the order in which they came: a table in a file like that of the queue server, with the
 * same care for a file that is deleted or damaged, and for a full disk. It is the queue of the relay's proxy. A reading is
 * there from the moment when its sensor gets 200 until the proxy upstream has it, so nothing else has to be remembered.
 */
import { AppError } from '../lib/errors/app-error.js';
import { whileBusy } from '../lib/process/shutdown.js';
import { SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import type { OutgoingMessage, QueueDepth, QueueToSend, SendResult } from '../queue/queue.js';
import { GroupCommit } from '../sqs-server/store/group-commit.js';
import { QueueStore, type StoreEvent } from '../sqs-server/store/queue-store.js';
import { type KeptReading, openReadingTable, type ReadingTable } from './reading-table.js';

/** Pages that the file of an empty buffer may have (16 MiB); more are given back to the disk, which is looked for each second. */
const KEPT_PAGES = 4_096;
const SHRINK_INTERVAL_MS = 1_000;

export class RelayBuffer implements QueueToSend {
  readonly name: string;
  /** Readings that are kept, what those on disk take of it, and the number of the last one that came. */
  count = 0;
  bytes = 0;
  lastId = 0;
  readonly #store: QueueStore;
  readonly #commits: GroupCommit;
  #table: ReadingTable;
  /** Bytes that the open transaction adds. */
  #added = 0;
  #waiting: (() => void)[] = [];

  /** Throws as {@link QueueStore} does. */
  constructor(
    path: string,
    /** What all readings may take of the disk. */
    readonly maxBytes: number,
    onEvent: (event: StoreEvent) => void,
  ) {
    this.name = path;
    this.#store = new QueueStore(path, {}, onEvent);
    this.#table = this.#open();
    this.#commits = new GroupCommit(this.#store, {
      afterCommit: () => this.#afterCommit(),
      afterRollback: (error) => this.#afterRollback(error),
    });
    this.#commits.every(SHRINK_INTERVAL_MS, () => this.#shrink());
  }

  /** Resolves once they are on disk. Rejects with `RELAY_FULL`, `QUEUE_STORE_LOST` or an error of SQLite: then none is kept. */
  async send(messages: OutgoingMessage[]): Promise<SendResult[]> {
    const bytes = messages.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    const problem = this.#problem(bytes);
    if (problem) throw problem;
    try {
      this.#commits.join();
      this.#added += bytes;
      for (const { body: text, attributes } of messages) {
        this.lastId++;
        this.#table.insert(this.lastId, { text, reported: attributes?.[SENSOR_CONFIG_ATTRIBUTE] }, this.now());
        this.count++;
      }
    } catch (error) {
      this.#commits.abort(error);
      throw this.#explained(error);
    }
    await this.#commits.committed().catch((error) => {
      throw this.#explained(error);
    });
    return messages.map(() => ({ ok: true, id: '' }));
  }

  /** Rejects as {@link send} does. */
  async depth(): Promise<QueueDepth> {
    const problem = this.#problem();
    if (problem) throw problem;
    return { visible: this.count, inFlight: 0, delayed: 0 };
  }

  /** Elapsed milliseconds: they never go back, also not across a restart. */
  now(): number {
    return this.#store.clock.now();
  }

  /** Readings after one and up to another, with texts of at most `maxBytes` together. Empty while the store can't be read. */
  read(after: number, upTo: number, maxBytes: number): KeptReading[] {
    return this.#commits.guard(() => this.#table.read(after, upTo, maxBytes)) ?? [];
  }

  /** For how long the first reading after `id` has been here, in milliseconds; undefined: there is none. */
  ageAfter(id: number): number | undefined {
    const arrived = this.#commits.guard(() => this.#table.arrivalAfter(id));
    return arrived === undefined ? undefined : Math.max(0, this.now() - arrived);
  }

  /** The last reading after `id` that has been here for longer than `ms`, or `id`. */
  lastOlderThan(ms: number, id: number): number {
    return this.#commits.guard(() => this.#table.lastBefore(id, this.now() - ms)) ?? id;
  }

  /** Forgets readings that upstream has. What is lost of that in a crash is only sent again. */
  remove(ids: number[]): void {
    this.#commits.guard(() => {
      this.#commits.join();
      this.count -= this.#table.remove(ids);
    });
  }

  async nextCommit(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#commits.close();
  }

  #problem(bytes = 0): AppError | undefined {
    const { problem } = this.#store;
    if (problem) return asOfRelay(problem);
    if (this.bytes + this.#added + bytes <= this.maxBytes) return undefined;
    return full(`its readings take ${Math.round(this.bytes / 1_048_576)} MiB of its disk, and may take no more`);
  }

  #explained(error: unknown): unknown {
    const explained = this.#store.explain(error);
    return explained ? asOfRelay(explained) : error;
  }

  #open(): ReadingTable {
    const table = openReadingTable(this.#store.database);
    this.count = whileBusy(() => table.count()) ?? 0;
    this.lastId = Math.max(this.lastId, table.lastId() ?? 0);
    this.bytes = table.bytes() ?? 0;
    return table;
  }

  #afterCommit(): void {
    this.#added = 0;
    this.bytes = this.#table.bytes() ?? 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Never throws: what waits for a lost store fails, and writing it back is tried again every second. */
  #afterRollback(error: unknown): void {
    this.#added = 0;
    this.#store.failed(error);
    try {
      if (this.#store.isLost) this.#store.restore();
      this.#table = this.#open();
    } catch {
      // The store has reported why.
    }
  }

  #shrink(): void {
    if (this.#store.isLost || this.count > 0 || (this.#table.pages() ?? 0) <= KEPT_PAGES) return;
    this.#commits.flush();
    this.#store.database.exec('VACUUM');
  }
}

const full = (why: string) => new AppError('RELAY_FULL', `the relay is full: ${why}. Sensors keep their readings`);

const asOfRelay = (problem: AppError) => (problem.code === 'QUEUE_STORE_FULL' ? full('its disk is full') : problem);
