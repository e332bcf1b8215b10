/** Opens the store that a location names: a file, or a database of PostgreSQL. */
import { isPostgres } from './location.js';
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
