/** Tables by day: made a day ahead, and dropped as a whole, which costs nothing however many rows they have. */
import type { AppError } from '../../lib/errors/app-error.js';
import { HOUR_MS } from '../history.js';
import type { Run } from './database.js';
import type { HeldShard } from './held-shard.js';

export const DAY_MS = 24 * HOUR_MS;

/** The column by which a table is divided. What has no day's table goes to the one called `…_other`. */
export const DIVIDED = { readings: 'taken_at', sensor_minute_rows: 'minute' } as const;
export type Divided = keyof typeof DIVIDED;

/** Who reads a table for long is waited for no longer: whoever writes would wait behind. */
const SHORT_LOCK = "set local lock_timeout = '500ms'";
const WAITED_IN_VAIN = '55P03';

const dayOf = (time: number) => Math.floor(time / DAY_MS) * DAY_MS;
const nameOf = (table: Divided, day: number) =>
  `${table}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;

export interface Partition {
  name: string;
  /** Unix milliseconds. */
  day: number;
}

/** Of days, oldest first. */
export async function partitionsOf(run: Run, table: Divided): Promise<Partition[]> {
  const rows = await run<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = to_regclass($1) and c.relname ~ '_[0-9]{8}$' order by 1`,
    [table],
  );
  return rows.map(({ name }) => ({ name, day: Date.parse(name.slice(-8).replace(/(....)(..)/, '$1-$2-')) }));
}

/** Makes the tables of this day and the next, and moves to them what came before they were there. */
export async function makePartitions(held: HeldShard, now: number): Promise<void> {
  for (const table of Object.keys(DIVIDED) as Divided[]) {
    const present = new Set((await partitionsOf(held.run, table)).map(({ day }) => day));
    for (const day of [dayOf(now), dayOf(now) + DAY_MS]) {
      if (!present.has(day)) await inTurn(held, (run) => makePartition(run, table, day));
    }
  }
}

async function makePartition(run: Run, table: Divided, day: number): Promise<void> {
  const name = nameOf(table, day);
  const range = `${DIVIDED[table]} >= ${day} and ${DIVIDED[table]} < ${day + DAY_MS}`;
  // What other shards add to it meanwhile would be in the way.
  await run(`lock table ${table}_other in access exclusive mode`);
  await run(`create table ${name} (like ${table} including defaults including constraints)`);
  await run(
    `with moved as (delete from ${table}_other where ${range} returning *) insert into ${name} select * from moved`,
  );
  await run(`alter table ${table} attach partition ${name} for values from (${day}) to (${day + DAY_MS})`);
}

export const dropPartition = (held: HeldShard, { name }: Partition): Promise<boolean> =>
  inTurn(held, async (run) => void (await run(`drop table ${name}`)));

/** Resolves with whether it was done: false where a reader would have to be waited for. */
async function inTurn(held: HeldShard, work: (run: Run) => Promise<void>): Promise<boolean> {
  try {
    await held.mine(async (run) => {
      await run(SHORT_LOCK);
      await work(run);
    });
    return true;
  } catch (error) {
    const { cause } = error as AppError;
    if ((cause as { code?: string } | undefined)?.code === WAITED_IN_VAIN) return false;
    throw error;
  }
}
