/** Questions to the store of readings: to the puller that keeps it, or to the file itself. */
import type { FleetClient } from '../puller/fleet-client.js';
import type { ExportQuery } from '../store/answer.js';
import { type Answer, readAnswer } from '../store/answer.js';
import { readStore } from '../store/sqlite/reader/store-reader.js';

/** A puller, or the path of a store. */
export type StoreTarget = FleetClient | string;

/** Runs one SQL statement that reads; the puller limits its time and the size of its answer. Rejects with `BAD_SQL`. */
export const queryStore = (target: StoreTarget, sql: string, signal: AbortSignal): Promise<Answer> =>
  typeof target === 'string' ? readAnswer(readStore({ path: target, sql }, { signal })) : target.query(sql, signal);

/** Readings received in a time, in the order of their arrival. */
export const exportReadings = (target: StoreTarget, readings: ExportQuery, signal: AbortSignal): Promise<Answer> =>
  typeof target === 'string'
    ? readAnswer(readStore({ path: target, readings }, { signal }))
    : target.exportReadings(readings, signal);
