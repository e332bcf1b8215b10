/** A quick check of a database that is in use, on another thread. */
import type AsyncDatabase from 'libsql/promise';
import { isDamage } from './check-database.js';

/**
 * Resolves with the first damage that a quick check finds; undefined: there is none, or it can't be checked now. It has a
 * connection of its own, which waits for nobody and keeps nobody waiting. `signal` ends it: the process can't exit before.
 */
export async function quickCheck(path: string, signal?: AbortSignal): Promise<string | undefined> {
  let database: AsyncDatabase | undefined;
  const interrupt = () => database?.interrupt();
  signal?.addEventListener('abort', interrupt);
  try {
    const { default: Database } = await import('libsql/promise');
    database = new Database(path, { fileMustExist: true });
    const statement = await database.prepare('pragma quick_check(1)');
    if (signal?.aborted) return undefined;
    const [row] = (await statement.all([])) as { quick_check: string }[];
    return row?.quick_check === 'ok' ? undefined : row?.quick_check;
  } catch (error) {
    return isDamage(error) ? (error as Error).message : undefined;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    database?.close();
  }
}
