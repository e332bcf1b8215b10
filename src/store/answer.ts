/** What the store's reader is asked, the lines that it answers with, and how these are read. */
import { z } from 'zod';
import { AppError } from '../lib/errors/app-error.js';
import { knownCode } from '../lib/errors/codes.js';
import { jsonOf } from '../lib/json.js';

/** `POST /query`. */
export const querySchema = z.strictObject({ sql: z.string().max(100_000) });

const VALUE_NAMES = /^[a-z][a-z0-9_]{0,31}(,[a-z][a-z0-9_]{0,31})*$/;

/**
 * `GET /export`: readings that were received from `since` on and before `until` (Unix milliseconds). `values`: as one
 * object, or a column each, of all of them or of those in `fields`.
 */
export const exportSchema = z.strictObject({
  since: z.coerce.number(),
  until: z.coerce.number(),
  region: z.string().optional(),
  host: z.string().optional(),
  values: z.enum(['object', 'columns']).default('object'),
  fields: z.string().regex(VALUE_NAMES, 'must be names of values, separated by commas').optional(),
});

export type ExportQuery = z.output<typeof exportSchema>;

/** What an answer may hold; an export has no limits. */
export interface Limits {
  rows: number;
  bytes: number;
}

/** The statements that made the tables, with their comments. */
export const SCHEMA_SQL =
  "select sql from sqlite_schema where sql is not null and name not like 'sqlite_%' order by rowid";

/** Columns of a reading in an export, before its values. */
export const EXPORT_COLUMNS = [
  'received_at',
  'timestamp',
  'region',
  'hostname',
  'execution_id',
  'sequence',
  'job_id',
  'job_submission_time',
  'color',
  'icon_name',
] as const;

/** As the keys of an object: `n`, `n:1`. */
export function uniqueNames(names: string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}:${before}`;
  });
}

/** What is asked of the store at a path, or at the URL of a database. */
export type ReadRequest = { path: string } & Asked;
export type Asked = { sql: string; limits?: Limits | undefined } | { readings: ExportQuery };

export type Cell = string | number | boolean | null | object;

/** The last line of a complete answer. */
export interface AnswerEnd {
  rows: number;
  /** Which limit cut it off. */
  cut?: 'rows' | 'bytes' | undefined;
  /** Readings left out because they are not what was written. */
  damaged?: number | undefined;
}

/**
 * A line of an answer, as JSON: the columns first, then rows, and its end or an error last. An empty line says that it
 * goes on.
 */
export type AnswerLine =
  | { columns: string[] }
  | Cell[]
  | { end: AnswerEnd }
  | { error: { code: string; message: string; hint?: string | undefined } };

/** An answer as its readers see it: columns, rows one by one, and how it ended. */
export interface Answer {
  columns: string[];
  /** Can be read once. Rejects with the error of the reader, or with `READ_FAILED` when the answer ends early. */
  rows: AsyncIterable<Cell[]>;
  /** After the last row. */
  end(): AnswerEnd;
}

/** Rejects with the error of the reader. */
export async function readAnswer(bytes: AsyncIterable<Uint8Array>): Promise<Answer> {
  const lines = linesOf(bytes);
  const { value: first } = await lines.next();
  if (first === undefined || !('columns' in first)) throw endedEarly();
  let end: AnswerEnd | undefined;
  async function* rows(): AsyncGenerator<Cell[]> {
    for await (const line of lines) {
      if (Array.isArray(line)) yield line;
      else if ('end' in line) ({ end } = line);
    }
    if (!end) throw endedEarly();
  }
  return { columns: first.columns, rows: rows(), end: () => end! };
}

export const errorOf = ({ error: { code, message, hint } }: Extract<AnswerLine, { error: unknown }>): AppError =>
  new AppError(knownCode(code, 'READ_FAILED'), message, { hint });

/** Throws the error of a line. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Exclude<AnswerLine, { error: unknown }>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const text of lines) {
      if (text === '') continue;
      // An answer that was cut off has an error after a broken line.
      const line = jsonOf(text) as AnswerLine | undefined;
      if (line === undefined) continue;
      if ('error' in line) throw errorOf(line);
      yield line;
    }
  }
}

const endedEarly = () => new AppError('READ_FAILED', 'the answer ended early: its rest is missing');
