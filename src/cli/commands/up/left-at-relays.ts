/** What relays of an earlier `up --relays` keep, when this one has none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '../../../lib/sqlite/driver.js';
import { REGIONS } from '../../../network/network.js';
import { relayName } from '../../../network/relays.js';

/** Regions whose relay has readings on this machine's disk; a file that can't be read may have some. */
export const regionsLeftAtRelays = (stateDir: string): string[] =>
  REGIONS.filter((region) => {
    const path = join(stateDir, relayName(region), 'relay.db');
    return existsSync(path) && hasReadings(path);
  });

function hasReadings(path: string): boolean {
  try {
    const database = openSqlite(path, { readOnly: true });
    try {
      return database.prepare('SELECT 1 FROM readings LIMIT 1').get() !== undefined;
    } finally {
      database.close();
    }
  } catch {
    return true;
  }
}
