/** Deletes what is older than its retention: whole days where that is possible. Nothing goes that is not rolled up. */
import { MINUTE_MS } from '../history.js';
import type { Retention } from '../store.js';
import type { HeldShard } from './held-shard.js';
import { DAY_MS, dropPartition, makePartitions, partitionsOf } from './partitions.js';

/** A day's table goes at most so often a minute; nothing of it is urgent. */
const EVERY_MS = MINUTE_MS;
const DELETED_AT_ONCE = 10_000;

const ROLLED_UP = `and id <= (select least(regions, sensors) from roll_up_progress as p where p.shard = readings_other.shard)`;

export class Keeper {
  /** Rows deleted since the start; of whole days the server's estimate. */
  forgotten = 0;
  #next = 0;

  constructor(private readonly held: HeldShard) {}

  /** `elapsed`: now, by the clock of the retention. `now`: Unix milliseconds. */
  async forget({ readings, minutes, hours }: Retention, elapsed: number, now: number): Promise<void> {
    const at = performance.now();
    // Who holds shard 0 does it for all.
    if (at < this.#next || this.held.shard !== 0) return;
    await makePartitions(this.held, now);
    let isMore = await this.#forgetReadings(elapsed - readings, elapsed);
    isMore = (await this.#forgetRollUps('minutes', elapsed - minutes)) || isMore;
    isMore = (await this.#forgetRollUps('hours', elapsed - hours)) || isMore;
    if (!isMore) this.#next = at + EVERY_MS;
  }

  /** Resolves with whether there is more. `before`: when they arrived, by the clock of the retention. */
  async #forgetReadings(before: number, elapsed: number): Promise<boolean> {
    const { run } = this.held;
    for (const partition of await partitionsOf(run, 'readings')) {
      if (partition.day + DAY_MS > elapsed) break;
      // The newest of each shard is its last that arrived.
      const [newest] = await run<{ at: number | null; isWaiting: boolean | null }>(
        `select max(at) as at, bool_or(id > least(regions, sensors)) as "isWaiting" from roll_up_progress as p
         cross join lateral (select id, elapsed_at as at from ${partition.name} where shard = p.shard order by id desc limit 1) as newest`,
      );
      if (newest!.at !== null && (newest!.at >= before || newest!.isWaiting)) continue;
      const [size] = await run<{ rows: number }>(
        'select greatest(reltuples, 0)::bigint as rows from pg_class where oid = to_regclass($1)',
        [partition.name],
      );
      if (await dropPartition(this.held, partition)) this.forgotten += size?.rows ?? 0;
    }
    const of = (table: string, key: string, and: string) =>
      this.held.mine(async (own) => {
        const deleted = await own(
          `delete from ${table} where ${key} in (select ${key} from ${table} where elapsed_at < $1 ${and} order by ${key} limit ${DELETED_AT_ONCE}) returning 1`,
          [before],
        );
        this.forgotten += deleted.length;
        return deleted.length === DELETED_AT_ONCE;
      });
    const isMore = await of('readings_other', 'id', ROLLED_UP);
    return (await of('messages', 'number', '')) || isMore;
  }

  /** Days to which nothing was added since `before`. */
  async #forgetRollUps(level: 'minutes' | 'hours', before: number): Promise<boolean> {
    const { run } = this.held;
    const days = await run<{ day: number }>(
      'select day from roll_up_days where level = $1 and elapsed_at < $2 order by 1 limit 10',
      [level, before],
    );
    const start = level === 'minutes' ? 'minute' : 'hour';
    const partitions = level === 'minutes' ? await partitionsOf(run, 'sensor_minute_rows') : [];
    for (const { day } of days) {
      const partition = partitions.find((one) => one.day === day);
      if (partition && !(await dropPartition(this.held, partition))) continue;
      const rows = level === 'minutes' ? 'sensor_minute_rows_other' : 'sensor_hour_rows';
      await this.held.mine(async (own) => {
        for (const table of [rows, `region_${level}`]) {
          await own(`delete from ${table} where ${start} >= $1 and ${start} < $2`, [day, day + DAY_MS]);
        }
        await own('delete from roll_up_days where level = $1 and day = $2', [level, day]);
      });
    }
    return days.length === 10;
  }
}
