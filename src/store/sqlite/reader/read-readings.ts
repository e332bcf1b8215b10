/**
 * Readings of a time, for an export: every one that was there when it began, once, while the puller goes on storing. They
 * are read some at a time, each in a transaction of its own: one over all of them would keep SQLite from shortening its
 * log for as long as the reader takes.
 */
import type { Database } from '../../../lib/sqlite/driver.js';
import type { MeasuredValues } from '../../../protocol/measured-values.js';
import { type AnswerLine, type Cell, EXPORT_COLUMNS, type ExportQuery } from '../../answer.js';
import type { StoredReading } from '../../store.js';
import { parseReadingRow, READING_COLUMNS, type RowBytes, selectBytes } from '../rows.js';
import { firstSince, lastReading } from '../select-readings.js';

const AT_A_TIME = 2000;

/** An undefined line says that it goes on. */
export function* readReadings(database: Database, query: ExportQuery): Iterable<AnswerLine | undefined> {
  const range = rangeOf(database, query);
  const fields = query.fields?.split(',');
  const asColumns = query.values === 'columns';
  const names = asColumns ? (fields ?? (yield* valueNames(range))) : [];
  yield { columns: [...EXPORT_COLUMNS, ...(asColumns ? names : ['values', 'sensor_config'])] };
  const valuesOf = asColumns
    ? ({ reading: { values } }: StoredReading) => names.map((name) => values?.[name] ?? null)
    : ({ reading: { values }, config }: StoredReading) => [
        values ? pick(values, fields) : null,
        config === null ? null : (JSON.parse(config) as object),
      ];
  let rows = 0;
  let damaged = 0;
  const columns = `id, ${selectBytes(READING_COLUMNS)}`;
  for (const page of pagesOf<RowBytes & { id: number }>(range, columns)) {
    for (const row of page) {
      const stored = parseReadingRow(row.id, row);
      if (!stored) {
        damaged++;
        continue;
      }
      rows++;
      yield [...readingCells(stored), ...valuesOf(stored)];
    }
    yield undefined;
  }
  yield { end: { rows, ...(damaged > 0 ? { damaged } : {}) } };
}

type Range = ReturnType<typeof rangeOf>;

function rangeOf(database: Database, { since, until, region, host }: ExportQuery) {
  // `first` and `last`: ids of the readings that may be of it.
  const first = firstSince(database, 'received_at', since);
  return {
    database,
    values: { since, until, region: region ?? null, host: host ?? null },
    first,
    last: lastReading(database),
  };
}

const IN_RANGE = `received_at >= :since and received_at < :until
  and (:region is null or region = :region) and (:host is null or hostname = :host)`;

/** In the order of their ids, which is that of their arrival. `joined`: further tables. */
function* pagesOf<Row>({ database, values, first, last }: Range, columns: string, joined = ''): Iterable<Row[]> {
  const select = database.prepare(
    `select ${columns} from readings ${joined} where readings.id >= :from and readings.id < :to and ${IN_RANGE} order by readings.id`,
  );
  for (let id = first; id <= last; id += AT_A_TIME) {
    yield select.all({ ...values, from: id, to: Math.min(id + AT_A_TIME, last + 1) }) as Row[];
  }
}

/** The names of all values that these readings have. Those that damage has left without JSON have none. */
function* valueNames(range: Range): Generator<undefined, string[]> {
  const names = new Set<string>();
  const measured = 'join json_each(case when json_valid(measured_values) then measured_values end)';
  for (const page of pagesOf<{ key: string }>(range, 'distinct key', measured)) {
    for (const { key } of page) names.add(key);
    yield undefined;
  }
  return [...names].sort();
}

const readingCells = ({ reading, receivedAt }: StoredReading): Cell[] =>
  EXPORT_COLUMNS.map((column) => (column === 'received_at' ? receivedAt : reading[column]));

const pick = (values: MeasuredValues, fields: string[] | undefined): MeasuredValues =>
  fields ? Object.fromEntries(Object.entries(values).filter(([name]) => fields.includes(name))) : values;
