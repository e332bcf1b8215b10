/** Opens the store that a location names: a file, or a database of PostgreSQL. */
import { AppError } from '../lib/errors/app-error.js';
import { isPostgres } from './location.js';
import type { SharedStore } from './shared-store.js';
import { SqliteStore } from './sqlite/sqlite-store.js';
import type { StoreFileEvent } from './sqlite/store-file.js';
import type { ReadingsStore } from './store.js';

/** `onEvent`: of a file. Rejects with `STORE_UNUSABLE`, or as `PostgresStore.open` does. */
export async function openStore(location: string, onEvent?: (event: StoreFileEvent) => void): Promise<ReadingsStore> {
  if (!isPostgres(location)) return new SqliteStore(location, onEvent);
  // Loaded late: few need the client.
  const { PostgresStore } = await import('./postgres/postgres-store.js');
  return PostgresStore.open(location);
}

/** A database, which pullers share. Undefined: a file, which is one puller's, as a whole. Rejects as `openStore` does, and with `STORE_SHARDS`. */
export async function openSharedStore(location: string, shards: number): Promise<SharedStore | undefined> {
  if (!isPostgres(location)) {
    if (shards === 1) return undefined;
    throw new AppError('STORE_SHARDS', `a file is one store, not ${shards} shards`, {
      hint: 'Shards need a database of PostgreSQL: --store postgres://…',
    });
  }
  const { SharedPostgres } = await import('./postgres/shared-postgres.js');
  return SharedPostgres.open(location, shards);
}
