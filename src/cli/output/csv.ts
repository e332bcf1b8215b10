/** Comma-separated values: RFC 4180, and safe to open in a spreadsheet. */

type CsvCell = string | number | boolean | object | null;

/** Lines with their breaks, of which the first has the names of the columns. */
export async function* csvLines(table: { columns: string[]; rows: AsyncIterable<CsvCell[]> }): AsyncGenerator<string> {
  yield csvRecord(table.columns);
  for await (const row of table.rows) yield csvRecord(row);
}

/** A record, with its line break. */
export const csvRecord = (cells: CsvCell[]): string => `${cells.map(fieldOf).join()}\r\n`;

function fieldOf(cell: CsvCell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = harmless(typeof cell === 'object' ? JSON.stringify(cell) : String(cell));
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Spreadsheets take a text that begins like this for a formula, which may call other programs, and anybody who can send a
 * reading chooses its texts. An apostrophe makes it text. Numbers stay numbers.
 */
const harmless = (text: string): string =>
  /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
