/** Writes readings and messages: one statement for a group, whatever its size. */
import type { ReportedConfig } from '../../protocol/sensor-config.js';
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
  on conflict do nothing
),
others as (
  insert into messages (shard, id, received_at, body, elapsed_at) select shard, id, received_at, body, $2::bigint
  from mine, unnest($${first}::text[], $${first + 1}::bigint[], $${first + 2}::text[]) as given (id, received_at, body)
  on conflict do nothing
)
select 1 from mine`;

/** Thousands of sensors report the same configuration, which is one object then. */
const texts = new WeakMap<ReportedConfig, string>();

function textOf(config: ReportedConfig): string {
  const text = texts.get(config) ?? JSON.stringify(config);
  texts.set(config, text);
  return text;
}

/** `elapsed`: now, by the clock of the retention. */
export async function append(held: HeldShard, entries: StoreEntry[], elapsed: number): Promise<void> {
  const columns: (string | number | null)[][] = Object.keys(COLUMNS).map(() => []);
  const messages: [string[], number[], string[]] = [[], [], []];
  for (const { id, body, reading, config, receivedAt } of entries) {
    if (!reading) {
      messages[0].push(id);
      messages[1].push(receivedAt);
      messages[2].push(body);
      continue;
    }
    const taken = Date.parse(reading.timestamp);
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
      Number.isNaN(taken) ? 0 : taken,
    ];
    for (let i = 0; i < values.length; i++) columns[i]!.push(values[i]!);
  }
  const found = await held.run(STORE, [held.epoch, elapsed, ...columns, ...messages], APPEND_MS);
  held.refuseOthers(found.length);
}
