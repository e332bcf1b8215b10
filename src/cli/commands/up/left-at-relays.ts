/** What relays of an earlier `up --relays` keep, when this one has none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REGIONS } from '../../../network/network.js';
import { relayName } from '../../../network/relays.js';

/** Regions whose relay has readings on this machine's disk; a file that can't be read may have some. */
export async function regionsLeftAtRelays(stateDir: string): Promise<string[]> {
  const files = REGIONS.map((region) => ({ region, path: join(stateDir, relayName(region), 'relay.db') }));
  const found = files.filter(({ path }) => existsSync(path));
  if (found.length === 0) return [];
  // Most starts need no SQLite in this process.
  const { openSqlite } = await import('../../../lib/sqlite/driver.js');
  const keeping = found.filter(({ path }) => {
    let database: ReturnType<typeof openSqlite> | undefined;
    try {
      database = openSqlite(path, { readOnly: true });
      return database.prepare('SELECT 1 FROM readings LIMIT 1').get() !== undefined;
    } catch {
      return true;
    } finally {
      database?.close();
    }
  });
  return keeping.map(({ region }) => region);
}
