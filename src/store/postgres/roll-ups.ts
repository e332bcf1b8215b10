/**
 * Rolls readings up by minute and hour, by one statement for regions and one for sensors, each with the progress it has made: a
 * crash at any moment neither loses nor repeats a reading. Regions follow at once, because their history adds what is not rolled
 * up yet; the many rows of sensors once a minute, so that each is written once.
 */
import { HOUR_MS, MINUTE_MS, type Sample } from '../history.js';
import type { Run } from './database.js';
import type { HeldShard } from './held-shard.js';
import { DAY_MS } from './partitions.js';

/** Readings in one statement. */
const AT_ONCE = { regions: 50_000, sensors: 150_000 };
type Kind = keyof typeof AT_ONCE;

const ALL = 'sum(count)::bigint as count, min(min) as min, max(max) as max, sum(sum) as sum';
/** A sum that is no number any more would be refused by the server for ever; sums of sums of these are numbers. */
const bounded = (value: string, limit: string) => `least(greatest(${value}, -${limit}), ${limit})`;
const merge = (table: string) =>
  `do update set count = ${table}.count + excluded.count, min = least(${table}.min, excluded.min),
   max = greatest(${table}.max, excluded.max), sum = ${bounded(`${table}.sum + excluded.sum`, '1e296')}`;

/** $1: the shard. $2 and $3: its readings after the one, up to the other. */
const NUMBERS = `
one as (
  select taken_at - taken_at % ${MINUTE_MS} as minute, region, hostname, received_at - taken_at as lateness, measured_values
  from readings where shard = $1 and id > $2 and id <= $3
),
numbers as (
  select minute, region, hostname, 'readings.lateness' as metric, lateness::float8 as value from one
  union all
  select minute, region, hostname, key, value::text::float8 from one, json_each(measured_values) where json_typeof(value) = 'number'
)`;
const EACH = `count(*) as count, min(value) as min, max(value) as max, sum(${bounded('value', '1e290')}) as sum`;

/** $4: the elapsed time. Noted once a minute, because other shards wait for who notes it. */
const DAYS = `insert into roll_up_days select distinct level, minute - minute % ${DAY_MS} as day, $4::bigint
  from minutes, unnest(array['minutes', 'hours']) level
  where not exists (select from roll_up_days as d where d.level = level.level and d.day = minute - minute % ${DAY_MS} and d.elapsed_at > $4 - ${MINUTE_MS})
  order by 1, 2 on conflict (level, day) do update set elapsed_at = excluded.elapsed_at`;

/** All shards write the rows of regions: in one order, so that none waits for one that waits for it. */
const REGIONS = `
with ${NUMBERS},
minutes as materialized (select minute, metric, region, ${EACH} from numbers group by 1, 2, 3),
a as (insert into region_minutes as r select minute, metric, region, count, min, max, sum from minutes order by 1, 2, 3
  on conflict (metric, minute, region) ${merge('r')}),
b as (insert into region_hours as r select minute - minute % ${HOUR_MS}, metric, region, ${ALL} from minutes
  group by 1, 2, 3 order by 1, 2, 3 on conflict (metric, hour, region) ${merge('r')}),
days as (${DAYS})
update roll_up_progress set regions = $3 where shard = $1`;

const SENSORS = `
with ${NUMBERS},
minutes as materialized (select minute, hostname, metric, region, ${EACH} from numbers group by 1, 2, 3, 4),
series as materialized (select hostname, metric, region, id from (select distinct hostname, metric, region from minutes) m
  left join sensor_series using (hostname, metric, region)),
added as (insert into sensor_series (hostname, metric, region) select hostname, metric, region from series where id is null
  returning hostname, metric, region, id),
named as materialized (select minute, s.id as series, count, min, max, sum from minutes
  join (select * from series where id is not null union all select * from added) s using (hostname, metric, region)),
a as (insert into sensor_minute_rows as r select minute, series, count, min, max, sum from named
  on conflict (series, minute) ${merge('r')}),
b as (insert into sensor_hour_rows as r select minute - minute % ${HOUR_MS}, series, ${ALL} from named group by 1, 2
  on conflict (series, hour) ${merge('r')}),
days as (${DAYS})
update roll_up_progress set sensors = $3 where shard = $1`;

export class RollUps {
  /** Readings that the slower of the two does not have, as of the last work. */
  waiting = 0;
  #minute = Number.NaN;

  constructor(private readonly held: HeldShard) {}

  /** Resolves with whether there is more. `now`: Unix milliseconds. `elapsed`: by the clock of the retention. */
  async work(now: number, elapsed: number): Promise<boolean> {
    const last = await lastReading(this.held.run, this.held.shard);
    const regionsLeft = await this.#add('regions', last, elapsed);
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.#minute && this.waiting < AT_ONCE.sensors) {
      this.waiting = last - (await progressOf(this.held.run, this.held.shard)).sensors;
      return regionsLeft > 0;
    }
    this.waiting = await this.#add('sensors', last, elapsed);
    if (this.waiting === 0) this.#minute = minute;
    return regionsLeft + this.waiting > 0;
  }

  /** Resolves with how many readings are left. */
  #add(kind: Kind, last: number, elapsed: number): Promise<number> {
    const { database, shard } = this.held;
    const add = async (run: Run) => {
      const { [kind]: done } = await progressOf(run, shard, 'for update');
      if (done >= last) return 0;
      const to = Math.min(last, done + AT_ONCE[kind]);
      await run(kind === 'regions' ? REGIONS : SENSORS, [shard, done, to, elapsed]);
      return last - to;
    };
    return Promise.resolve(database.longWork.run(() => this.held.mine(add)));
  }

  async addSamples(samples: Sample[], now: number, elapsed: number): Promise<void> {
    const values = [
      samples.map(({ metric }) => metric),
      samples.map(({ region }) => region),
      samples.map(({ value }) => value),
    ];
    await this.held.mine(async (run) => {
      for (const [table, start, length] of [
        ['region_minutes', 'minute', MINUTE_MS],
        ['region_hours', 'hour', HOUR_MS],
      ] as const) {
        await run(
          `insert into ${table} as r select $1, metric, region, 1, value, value, value
           from unnest($2::text[], $3::text[], $4::float8[]) as given (metric, region, value)
           on conflict (metric, ${start}, region) ${merge('r')}`,
          [Math.floor(now / length) * length, ...values],
        );
      }
      await run(
        `insert into roll_up_days select level, $1, $2 from unnest(array['minutes', 'hours']) level
         on conflict (level, day) do update set elapsed_at = excluded.elapsed_at`,
        [Math.floor(now / DAY_MS) * DAY_MS, elapsed],
      );
    });
  }
}

/** The id of a shard's newest reading; 0: there is none. */
export async function lastReading(run: Run, shard: number): Promise<number> {
  const [row] = await run<{ id: number | null }>('select max(id) as id from readings where shard = $1', [shard]);
  return row?.id ?? 0;
}

/** Up to which reading of a shard the roll-ups are. */
async function progressOf(run: Run, shard: number, lock = ''): Promise<Record<Kind, number>> {
  const sql = `select regions, sensors from roll_up_progress where shard = $1 ${lock}`;
  const [row] = await run<Record<Kind, number>>(sql, [shard]);
  return row!;
}
