/**
 * The checker: it knows what clients have sent and what was acknowledged, and compares that with the store and the dead
 * letters. It reads the database itself and uses nothing of the puller.
 */
import { existsSync } from 'node:fs';
import type { SensorView } from '../../fleet/fleet-view.js';
import { openSqlite, rowsOf } from '../../lib/sqlite/driver.js';
import type { Reading } from '../../protocol/message.js';

/** What clients did. */
export class History {
  /** By execution and sequence. */
  readonly sent = new Map<string, Reading>();
  readonly acknowledged = new Set<string>();
  /** Answers that no client may get, whatever happens to the services. */
  readonly badAnswers: string[] = [];

  /** Readings by execution. */
  get sentOf(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { execution_id: id } of this.sent.values()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  }
}

export interface Verdict {
  acknowledged: number;
  /** Of the readings that were sent, acknowledged or not. */
  stored: number;
  deadLetters: number;
  /** Acknowledged, and in neither place. */
  missing: string[];
  /** In the store, but never sent, not as it was sent, or twice. */
  wrong: string[];
}

export const keyOf = ({ execution_id, sequence }: Pick<Reading, 'execution_id' | 'sequence'>) =>
  `${execution_id} ${sequence}`;

/** What the fleet view says of one execution. */
type Account = Pick<SensorView, 'execution_id' | 'received' | 'gaps' | 'waiting' | 'unaccounted'>;

/**
 * Where the accounts of the fleet view are not those of the store. `sentOf`: readings by execution. An execution whose numbers begin anew, since its node was
 * restarted, has no number of readings that the store shows.
 */
export function checkLedger(sentOf: ReadonlyMap<string, number>, storePath: string, accounts: Account[]): string[] {
  const stored = new Map(takenByExecution(storePath).map((row) => [row.id, row]));
  return accounts.flatMap(({ execution_id: id, received, gaps, waiting, unaccounted }) => {
    const row = stored.get(id);
    if (row === undefined || row.numbers < row.stored) return [];
    const missing = (sentOf.get(id) ?? Math.max(row.last, row.taken)) - row.stored;
    const said = gaps + waiting + unaccounted;
    const isRight = received === row.stored && (sentOf.has(id) ? said === missing : said >= missing);
    const text = `${id}: ${row.stored} stored, ${missing} not; status says ${received} and ${said}`;
    return isRight ? [] : [`${text} (${gaps} gaps, ${waiting} waiting, ${unaccounted} unaccounted)`];
  });
}

/** `taken`: as the sensor has reported; `numbers`: how many different ones. */
function takenByExecution(
  path: string,
): { id: string; stored: number; numbers: number; last: number; taken: number }[] {
  const db = openSqlite(path, { readOnly: true });
  try {
    const taken = "max(coalesce(json_extract(sensor_config, '$.counts.taken'), 0)) as taken";
    const counts = 'count(*) as stored, count(distinct sequence) as numbers, max(sequence) as last';
    return rowsOf(db, `select execution_id as id, ${counts}, ${taken} from readings group by 1`);
  } finally {
    db.close();
  }
}

const COLUMNS = 'job_id, execution_id, icon_name, timestamp, color, sequence, region, job_submission_time, hostname';

/** `deadLetters`: their bodies. */
export function check({ sent, acknowledged }: History, job: string, storePath: string, deadLetters: string[]): Verdict {
  const found = new Set<string>();
  const wrong: string[] = [];
  for (const row of storedReadings(storePath, job)) {
    const key = keyOf(row);
    const reading = sent.get(key);
    if (!reading) wrong.push(`${key}: never sent`);
    else if (JSON.stringify(row, Object.keys(row).sort()) !== JSON.stringify(reading, Object.keys(row).sort())) {
      wrong.push(`${key}: ${JSON.stringify(row)}`);
    }
    if (found.has(key)) wrong.push(`${key}: twice`);
    found.add(key);
  }
  const stored = found.size;
  const rejected = deadLetters.map(keyOfBody).filter((key) => key !== undefined && sent.has(key));
  for (const key of rejected) found.add(key!);
  const missing = [...acknowledged].filter((key) => !found.has(key));
  return { acknowledged: acknowledged.size, stored, deadLetters: rejected.length, missing, wrong };
}

/** None when it can't be read: then everything is missing. */
function storedReadings(path: string, job: string): Reading[] {
  if (!existsSync(path)) return [];
  const db = openSqlite(path, { readOnly: true });
  try {
    return db.prepare(`select ${COLUMNS} from readings where job_id = ?`).all(job) as Reading[];
  } catch {
    return [];
  } finally {
    db.close();
  }
}

function keyOfBody(body: string): string | undefined {
  try {
    return keyOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** `torture-eu-1 5..9` for keys that follow each other, so that a loss of thousands can be read. */
export function rangesOf(keys: string[]): string[] {
  const byExecution = new Map<string, number[]>();
  for (const key of keys) {
    const [execution, sequence] = key.split(' ') as [string, string];
    if (!byExecution.get(execution)?.push(Number(sequence))) byExecution.set(execution, [Number(sequence)]);
  }
  return [...byExecution].flatMap(([execution, sequences]) => {
    const ranges: [number, number][] = [];
    for (const sequence of sequences.sort((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last && last[1] === sequence - 1) last[1] = sequence;
      else ranges.push([sequence, sequence]);
    }
    return ranges.map(([from, to]) => `${execution} ${from === to ? from : `${from}..${to}`}`);
  });
}
