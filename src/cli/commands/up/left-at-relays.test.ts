import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqlite } from '../../../lib/sqlite/driver.js';
import { openReadingTable } from '../../../relay/reading-table.js';
import { regionsLeftAtRelays } from './left-at-relays.js';

test('an `up` without relays knows which of an earlier one keep readings: not those that delivered all', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'left-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true }));
  expect(await regionsLeftAtRelays(stateDir)).toEqual([]);
  for (const region of ['us', 'eu', 'as']) mkdirSync(join(stateDir, `relay-${region}`));
  for (const region of ['us', 'eu']) {
    const database = openSqlite(join(stateDir, `relay-${region}`, 'relay.db'));
    const table = openReadingTable(database);
    if (region === 'eu') table.insert(1, { text: '{}', reported: undefined }, 0);
    database.close();
  }
  writeFileSync(join(stateDir, 'relay-as', 'relay.db'), 'damaged');
  expect(await regionsLeftAtRelays(stateDir)).toEqual(['eu', 'as']);
});
