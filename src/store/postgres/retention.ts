/** Deletes what is older than its retention: whole days where that is possible. Nothing goes that is not rolled up. */
import { MINUTE_MS } from '../history.js';
import type { Retention } from '../store.js';
import type { Database } from './database.js';
import { DAY_MS, dropPartition, makePartitions, partitionsOf } from './partitions.js';
import { progressOf } from './roll-ups.js';

/** A day's table goes at most so often a minute; nothing of it is urgent. */
const EVERY_MS = MINUTE_MS;
const DELETED_AT_ONCE = 10_000;

export class Keeper {
  /** Rows deleted since the start; of whole days the server's estimate. */
  forgotten = 0;
  readonly #database: Database;
  #next = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** `elapsed`: now, by the clock of the retention. `now`: Unix milliseconds. */
  async forget({ readings, minutes, hours }: Retention, elapsed: number, now: number): Promise<void> {
    const at = performance.now();
    if (at < this.#next) return;
    await makePartitions(this.#database, now);
    let isMore = await this.#forgetReadings(elapsed - readings, elapsed);
    isMore = (await this.#forgetRollUps('minutes', elapsed - minutes)) || isMore;
    isMore = (await this.#forgetRollUps('hours', elapsed - hours)) || isMore;
    if (!isMore) this.#next = at + EVERY_MS;
  }

  /** Resolves with whether there is more. `before`: when they arrived, by the clock of the retention. */
  async #forgetReadings(before: number, elapsed: number): Promise<boolean> {
    const { run } = this.#database;
    const { regions, sensors } = await progressOf(run);
    const done = Math.min(regions, sensors);
    for (const partition of await partitionsOf(run, 'readings')) {
      if (partition.day + DAY_MS > elapsed) break;
      // Its newest is the last that arrived.
      const [newest] = await run<{ id: number; at: number }>(
        `select id, elapsed_at as at from ${partition.name} order by id desc limit 1`,
      );
      if (newest && (newest.at >= before || newest.id > done)) continue;
      const [size] = await run<{ rows: number }>(
        'select greatest(reltuples, 0)::bigint as rows from pg_class where oid = to_regclass($1)',
        [partition.name],
      );
      if (await dropPartition(this.#database, partition)) this.forgotten += size?.rows ?? 0;
    }
    const of = (table: string, key: string, and: string) =>
      this.#database.mine(async (own) => {
        const deleted = await own(
          `delete from ${table} where ${key} in (select ${key} from ${table} where elapsed_at < $1 ${and} order by ${key} limit ${DELETED_AT_ONCE}) returning 1`,
          [before],
        );
        this.forgotten += deleted.length;
        return deleted.length === DELETED_AT_ONCE;
      });
    const isMore = await of('readings_other', 'id', `and id <= ${done}`);
    return (await of('messages', 'number', '')) || isMore;
  }

  /** Days to which nothing was added since `before`. */
  async #forgetRollUps(level: 'minutes' | 'hours', before: number): Promise<boolean> {
    const { run } = this.#database;
    const days = await run<{ day: number }>(
      'select day from roll_up_days where level = $1 and elapsed_at < $2 order by 1 limit 10',
      [level, before],
    );
    const start = level === 'minutes' ? 'minute' : 'hour';
    const partitions = level === 'minutes' ? await partitionsOf(run, 'sensor_minute_rows') : [];
    for (const { day } of days) {
      const partition = partitions.find((one) => one.day === day);
      if (partition && !(await dropPartition(this.#database, partition))) continue;
      const rows = level === 'minutes' ? 'sensor_minute_rows_other' : 'sensor_hour_rows';
      await this.#database.mine(async (own) => {
        for (const table of [rows, `region_${level}`]) {
          await own(`delete from ${table} where ${start} >= $1 and ${start} < $2`, [day, day + DAY_MS]);
        }
        await own('delete from roll_up_days where level = $1 and day = $2', [level, day]);
      });
    }
    return days.length === 10;
  }
}
