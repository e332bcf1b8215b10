/** What the store has of the readings that a site has taken. It reads the database itself and uses nothing of the puller. */
import { openSqlite } from '../../../lib/sqlite/driver.js';
import { JOB } from './site.js';

export interface Found {
  stored: number;
  missing: number;
  /** Of executions that took none. */
  wrong: number;
  /** After a later one of their sensor, since a relay sends through two lanes. */
  late: number;
  /** Not in the order in which two lanes send. */
  outOfOrder: number;
  /** Milliseconds from when readings of since the return were taken until the puller had them, in order of length. */
  delays: number[];
}

interface Row {
  id: string;
  sequence: number;
  taken: number;
  received: number;
}

/** `taken`: readings by execution. `returned`: Unix milliseconds. */
export function compare(storePath: string, taken: ReadonlyMap<string, number>, returned: number): Found {
  const found: Found = { stored: 0, missing: 0, wrong: 0, late: 0, outOfOrder: 0, delays: [] };
  const seen = new Map<string, { numbers: Set<number>; order: LaneOrder }>();
  const db = openSqlite(storePath, { readOnly: true });
  const sql = `select execution_id as id, sequence, taken_at as taken, received_at as received
    from readings where execution_id like '${JOB}-%' order by readings.id`;
  for (const row of db.prepare(sql).iterate() as Iterable<Row>) {
    const of = seen.get(row.id) ?? { numbers: new Set(), order: new LaneOrder() };
    seen.set(row.id, of);
    of.numbers.add(row.sequence);
    of.order.add(row.sequence);
    found.stored++;
    if (row.taken >= returned) found.delays.push(row.received - row.taken);
  }
  db.close();
  for (const [id, count] of taken) found.missing += count - (seen.get(id)?.numbers.size ?? 0);
  for (const [id, { numbers, order }] of seen) {
    if (!taken.has(id)) found.wrong += numbers.size;
    found.late += order.late;
    found.outOfOrder += order.outOfOrder;
  }
  found.delays.sort((a, b) => a - b);
  return found;
}

/** Whether numbers can have come through two lanes, each of them in order. */
class LaneOrder {
  /** After a higher one. */
  late = 0;
  /** Of these, below the last ones of both lanes. */
  outOfOrder = 0;
  #ahead = 0;
  #behind = 0;

  add(number: number): void {
    if (number > this.#ahead) {
      this.#ahead = number;
      return;
    }
    this.late++;
    if (number > this.#behind) this.#behind = number;
    else this.outOfOrder++;
  }
}
