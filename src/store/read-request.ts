/** What the store's reader is asked, and the lines that it answers with. */
import { z } from 'zod';

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

export type ReadRequest = { path: string } & ({ sql: string; limits?: Limits | undefined } | { readings: ExportQuery });

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
