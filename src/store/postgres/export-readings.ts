/** Readings of a time, for an export: every one that was there when it began, once, in the order of their arrival. */
import type pg from 'pg';
import type { MeasuredValues } from '../../protocol/measured-values.js';
import { type AnswerLine, type Cell, EXPORT_COLUMNS, type ExportQuery } from '../answer.js';

const AT_ONCE = 2_000;

const COLUMNS = `measured_values as measured, sensor_config as config, ${EXPORT_COLUMNS.join(', ')}`;

interface Row extends Record<(typeof EXPORT_COLUMNS)[number], Cell> {
  measured: MeasuredValues | null;
  config: string | null;
}

/** In a transaction of one snapshot. */
export async function* exportReadings(client: pg.Client, query: ExportQuery): AsyncIterable<AnswerLine | undefined> {
  const { since, until, region, host } = query;
  const fields = query.fields?.split(',');
  const asColumns = query.values === 'columns';
  const wanted = `received_at >= $1 and received_at < $2 and ($3::text is null or region = $3) and ($4::text is null or hostname = $4)`;
  const of = [Math.max(since, 0), Math.min(until, Number.MAX_SAFE_INTEGER), region ?? null, host ?? null].map(
    (value) => (typeof value === 'number' ? Math.ceil(value) : value),
  );
  const { rows: shards } = await client.query<{ shard: number }>('select shard from shards order by 1');
  const first: [shard: number, id: number][] = [];
  for (const { shard } of shards) first.push([shard, await firstSince(client, shard, Number(of[0]))]);
  const parts = first.map(([shard, id]) => `shard = ${shard} and id >= ${id}`);
  const names = asColumns ? (fields ?? (await valueNames(client, `${wanted} and (${parts.join(' or ')})`, of))) : [];
  yield { columns: [...EXPORT_COLUMNS, ...(asColumns ? names : ['values', 'sensor_config'])] };
  // Read side by side, in the order of their ids.
  const each = parts.map((rows) => `select id, ${COLUMNS} from readings where ${wanted} and ${rows}`);
  await client.query(`declare export no scroll cursor for ${each.join(' union all ')} order by id`, of);
  let count = 0;
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${AT_ONCE} from export`);
    for (const { measured, config, ...row } of rows) {
      const cells = EXPORT_COLUMNS.map((column) => row[column]);
      if (asColumns) cells.push(...names.map((name) => measured?.[name] ?? null));
      else cells.push(measured && pick(measured, fields), config === null ? null : (JSON.parse(config) as object));
      yield cells;
    }
    count += rows.length;
    if (rows.length < AT_ONCE) break;
    yield undefined;
  }
  yield { end: { rows: count } };
}

/** A shard's first id that was received at or after a time: ids follow the order of arrival. */
async function firstSince(client: pg.Client, shard: number, time: number): Promise<number> {
  const ends = await client.query<{ from: number | null; to: number | null }>(
    'select min(id) as from, max(id) + 1 as to from readings where shard = $1',
    [shard],
  );
  let { from, to } = { from: ends.rows[0]?.from ?? 1, to: ends.rows[0]?.to ?? 1 };
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const sql = 'select id, received_at as at from readings where shard = $1 and id >= $2 order by id limit 1';
    const [row] = (await client.query<{ id: number; at: number }>(sql, [shard, middle])).rows;
    if (row && row.at < time) from = row.id + 1;
    else to = middle;
  }
  return from;
}

async function valueNames(client: pg.Client, wanted: string, of: unknown[]): Promise<string[]> {
  const sql = `select distinct json_object_keys(measured_values) as name from readings where ${wanted} order by 1`;
  return (await client.query<{ name: string }>(sql, of)).rows.map(({ name }) => name);
}

const pick = (values: MeasuredValues, fields: string[] | undefined): MeasuredValues =>
  fields ? Object.fromEntries(Object.entries(values).filter(([name]) => fields.includes(name))) : values;
