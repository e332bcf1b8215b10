/**
 * SQLite, with the API of `node:sqlite`. Nothing else in the product knows which package it comes from.
 *
 * Node's own module lacks parts that are needed here (an authorizer before 24.10, any of it before 22.5), so that every
 * version of Node gets the same SQLite from this one (docs/adr/0012-sqlite.md).
 */
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';

export type Database = DatabaseSyncInstance;
export type Statement = StatementSyncInstance;
export type SqlValue = string | number | bigint | null | Uint8Array;

export interface OpenOptions {
  /** SQLite itself refuses every change. The file must exist. */
  readOnly?: boolean;
  /** How long a statement waits for another connection, in milliseconds. */
  timeoutMs?: number;
}

/** Opens the database at `path` (or `:memory:`), and creates it when missing. Throws an error of SQLite. */
export function openSqlite(path: string, { readOnly = false, timeoutMs = 0 }: OpenOptions = {}): Database {
  return new DatabaseSync(path, { readOnly, timeout: timeoutMs, allowExtension: false });
}

/** SQLite's result codes (https://sqlite.org/rescode.html), of those that are told apart here. */
const RESULT = { busy: 5, readOnly: 8, corrupt: 11, full: 13, cannotOpen: 14, notDatabase: 26 } as const;

/** The primary result code; undefined: the error is none of SQLite's. */
export function resultCodeOf(error: unknown): number | undefined {
  const extended = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}

/** Whether an error of SQLite means that the file is damaged. */
export function isDamage(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === RESULT.corrupt || code === RESULT.notDatabase;
}

/** Whether the disk is full. */
export const isFull = (error: unknown): boolean => resultCodeOf(error) === RESULT.full;

/** Whether another connection holds the file. */
export const isBusy = (error: unknown): boolean => resultCodeOf(error) === RESULT.busy;
