/** A shard of the store in a PostgreSQL database. One puller at a time holds it. */
import type { FleetDump } from '../../fleet/fleet.js';
import { whileBusy } from '../../lib/process/shutdown.js';
import { type ClockMark, ElapsedClock } from '../../lib/time/elapsed-clock.js';
import type { HistoryRange, HistorySeries, Sample } from '../history.js';
import type { ReadingsStore, Retention, StoredReading, StoreEntry, StoreStats } from '../store.js';
import { append } from './append.js';
import type { HeldShard } from './held-shard.js';
import { makePartitions } from './partitions.js';
import { readHistory } from './read-history.js';
import { Keeper } from './retention.js';
import { lastReading, RollUps } from './roll-ups.js';
import { ShardPast } from './shard-past.js';

/** Readings that are read back at a time. */
const AT_ONCE = 5_000;

export class PostgresStore extends ShardPast implements ReadingsStore {
  readonly path: string;
  readonly clock: ElapsedClock;
  readonly stats: StoreStats = { damagedRows: 0, quarantined: [] };
  readonly #rollUps: RollUps;
  readonly #keeper: Keeper;

  private constructor(
    private readonly held: HeldShard,
    mark: ClockMark | undefined,
  ) {
    super(held.run, held.shard);
    this.path = held.database.subject.location;
    this.clock = new ElapsedClock(mark);
    this.#rollUps = new RollUps(held);
    this.#keeper = new Keeper(held);
  }

  static async of(held: HeldShard): Promise<PostgresStore> {
    if (held.shard === 0) await makePartitions(held, Date.now());
    const sql = 'select elapsed, wall, clock_offset as offset from clock where shard = $1';
    const [mark] = await held.run<ClockMark>(sql, [held.shard]);
    return new PostgresStore(held, mark);
  }

  get forgotten(): number {
    return this.#keeper.forgotten;
  }

  get notRolledUp(): number {
    return this.#rollUps.waiting;
  }

  append<Entry extends StoreEntry>(entries: Entry[]): Promise<Entry[]> {
    return append(this.held, entries, this.clock.now());
  }

  addSamples(samples: Sample[], now: number): Promise<void> {
    return this.#rollUps.addSamples(samples, now, this.clock.now());
  }

  history(range: HistoryRange, now: number): Promise<HistorySeries[]> {
    return readHistory(this.held.run, range, now);
  }

  async saveCheckpoint(fleet: FleetDump): Promise<void> {
    const { elapsed, wall, offset } = this.clock.mark();
    const { shard } = this.held;
    await this.held.mine(async (run) => {
      await run(
        `insert into checkpoint values ($1, $2, $3)
         on conflict (shard) do update set last_reading = excluded.last_reading, fleet = excluded.fleet`,
        [shard, await lastReading(run, shard), JSON.stringify(fleet)],
      );
      await run(
        `insert into clock values ($1, $2, $3, $4)
         on conflict (shard) do update set elapsed = excluded.elapsed, wall = excluded.wall, clock_offset = excluded.clock_offset`,
        [shard, elapsed, wall, offset],
      );
    });
  }

  async loadCheckpoint(): Promise<{ fleet: FleetDump; after: AsyncIterable<StoredReading> }> {
    const sql = 'select last_reading as last, fleet from checkpoint where shard = $1';
    const [row] = await this.held.run<{ last: number; fleet: string }>(sql, [this.held.shard]);
    // Of many sensors tens of megabytes.
    const fleet = row ? whileBusy(() => JSON.parse(row.fleet) as FleetDump) : { sensors: [], retired: {} };
    return { fleet, after: this.#allAfter(row?.last ?? 0) };
  }

  /** A server that is away shows when readings are stored; a quiet puller asks it whether it is there. */
  async check(): Promise<void> {
    const { run, epoch } = this.held;
    this.held.refuseOthers((await run('select 1 from shards where epoch = $1', [epoch])).length);
  }

  forget(retention: Retention): Promise<void> {
    return this.#keeper.forget(retention, this.clock.now(), Date.now());
  }

  rollUp(now: number): Promise<boolean> {
    return this.#rollUps.work(now, this.clock.now());
  }

  /** Its connections are those of all shards, and what waits is rolled up by its next holder. */
  async close(): Promise<void> {}

  async *#allAfter(after: number): AsyncIterable<StoredReading> {
    for (let id = after; ; ) {
      const rows = await this.readingsAfter(id, AT_ONCE);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      id = last.id;
    }
  }
}
