import { Database, PULLER_NAME } from '../../store/postgres/database.js';
import { HeldShard } from '../../store/postgres/held-shard.js';
import { PostgresStore } from '../../store/postgres/postgres-store.js';
import { prepareReader } from '../../store/postgres/reader-role.js';
import { prepareSchema } from '../../store/postgres/schema.js';

/** All of a store that has one shard, taken from whoever has it. Closing it closes its connections. */
export async function openPostgresStore(location: string): Promise<PostgresStore> {
  const database = new Database(location, PULLER_NAME);
  try {
    await prepareSchema(database, 1);
    await prepareReader(database);
    const store = await PostgresStore.of(await HeldShard.take(database, 0));
    return Object.assign(store, { close: () => database.close() });
  } catch (error) {
    await database.close();
    throw error;
  }
}
