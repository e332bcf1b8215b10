/** History from the database of the store itself, where no puller runs. */
import type { History, HistoryQuery } from '../store/history.js';
import { Database } from '../store/postgres/database.js';
import { readHistory } from '../store/postgres/read-history.js';
import { parseHistoryQuery } from './history-routes.js';

/** `location`: its URL. Rejects with `BAD_QUERY`, and as connections do. */
export const storedHistory = (location: string) => ({
  history: (query: HistoryQuery): Promise<History> =>
    withDatabase(location, async ({ run }) => {
      const given = Object.entries(query).filter(([, value]) => value !== undefined);
      const now = Date.now();
      const range = parseHistoryQuery(Object.fromEntries(given.map(([key, value]) => [key, String(value)])), now);
      const { metric, step, from, to } = range;
      return { metric, step, from, to, series: await readHistory(run, range, now) };
    }),
  /** The names of measured values. */
  measured: (): Promise<string[]> =>
    withDatabase(location, async ({ run }) => {
      const sql = "select distinct metric from region_hours where metric not like '%.%' order by 1";
      return (await run<{ metric: string }>(sql)).map(({ metric }) => metric);
    }),
});

async function withDatabase<T>(location: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database(location, 'wasm-sensors history');
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
