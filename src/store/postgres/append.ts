/** Writes readings and messages: one statement for a group, whatever its size. */
import type { Reading } from '../../protocol/message.js';
import { textOf } from '../sqlite/rows.js';
import type { StoreEntry } from '../store.js';
import { type HeldShard, MINE } from './held-shard.js';

/** Beyond this the server is taken for one that hangs; the group is stored again, and what is there already left out. */
const APPEND_MS = 15_000;

const COLUMNS = {
  received_at: 'bigint',
  execution_id: 'text',
  sequence: 'bigint',
  job_id: 'text',
  hostname: 'text',
  region: 'text',
  timestamp: 'text',
  color: 'text',
  icon_name: 'text',
  job_submission_time: 'bigint',
  sensor_config: 'text',
  measured_values: 'json',
  taken_at: 'bigint',
};

const names = Object.keys(COLUMNS).join(', ');
const arrays = Object.values(COLUMNS).map((type, i) => `$${i + 3}::${type}[]`);
const first = Object.keys(COLUMNS).length + 3;

/** $1: the epoch, $2: the elapsed time, then a column each. */
const STORE = `
with mine as (${MINE}),
stored as (
  insert into readings (shard, ${names}, elapsed_at) select shard, ${names}, $2::bigint from mine, unnest(${arrays.join(', ')}) as given (${names})
  on conflict do nothing returning execution_id, sequence, taken_at
),
others as (
  insert into messages (shard, id, received_at, body, elapsed_at) select shard, id, received_at, body, $2::bigint
  from mine, unnest($${first}::text[], $${first + 1}::bigint[], $${first + 2}::text[]) as given (id, received_at, body)
  on conflict do nothing
)
select count, case when count < cardinality($3::bigint[]) then
  (select json_agg(concat_ws(' ', taken_at, sequence, execution_id)) from stored) end as keys
from mine, (select count(*) from stored) as new`;

/** Resolves to the readings that were there. `elapsed`: now, by the clock of the retention. */
export async function append<Entry extends StoreEntry>(
  held: HeldShard,
  entries: Entry[],
  elapsed: number,
): Promise<Entry[]> {
  const columns: (string | number | null)[][] = Object.keys(COLUMNS).map(() => []);
  const messages: [string[], number[], string[]] = [[], [], []];
  for (const { id, body, reading, config, receivedAt } of entries) {
    if (!reading) {
      messages[0].push(id);
      messages[1].push(receivedAt);
      messages[2].push(body);
      continue;
    }
    const values = [
      receivedAt,
      reading.execution_id,
      reading.sequence,
      reading.job_id,
      reading.hostname,
      reading.region,
      reading.timestamp,
      reading.color,
      reading.icon_name,
      reading.job_submission_time,
      config ? textOf(config) : null,
      reading.values ? JSON.stringify(reading.values) : null,
      takenAt(reading),
    ];
    for (let i = 0; i < values.length; i++) columns[i]!.push(values[i]!);
  }
  const values = [held.epoch, elapsed, ...columns, ...messages];
  const found = await held.run<{ count: number; keys: string[] | null }>(STORE, values, APPEND_MS);
  held.refuseOthers(found.length);
  const { keys } = found[0]!;
  if (keys === null && found[0]!.count > 0) return [];
  const stored = new Set(keys);
  // Of two that are the same one is stored.
  return entries.filter(({ reading }) => reading !== undefined && !stored.delete(keyOf(reading)));
}

const keyOf = (reading: Reading) => `${takenAt(reading)} ${reading.sequence} ${reading.execution_id}`;

function takenAt({ timestamp }: Reading): number {
  const taken = Date.parse(timestamp);
  return Number.isNaN(taken) ? 0 : taken;
}
