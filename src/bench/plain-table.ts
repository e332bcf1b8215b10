/** What benches print. */
import { type Column, table } from '../cli/output/table.js';

/** Rows without a heading. `right`: indexes of columns that are aligned to the right. */
export function plainTable(rows: string[][], right: number[] = []): string {
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const columns = Array.from(
    { length: longest },
    (_, i): Column<string[]> => ({
      head: '',
      right: right.includes(i),
      of: (row) => row[i] ?? '',
    }),
  );
  return table(rows, columns, { width: undefined }).join('\n');
}
