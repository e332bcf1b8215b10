/** Tables, indexes and pragmas of the two stores, while they are open and after they were closed. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type LibsqlDatabase from 'libsql';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StoreSink } from '../../../puller/sinks/readings-store.js';
import { createQueueServer } from '../../../sqs-server/sqs-server.js';
import { forgetTrace, opened, trace } from './watched-database.js';

vi.mock('libsql', async (original) => (await import('./watched-database.js')).watchDatabases(original));

const recorded = (name: string) => `../recorded/documents/stores/${name}`;

let folder: string;
beforeEach(() => {
  forgetTrace();
  folder = mkdtempSync(join(tmpdir(), 'golden-stores-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const PRAGMAS = [
  ...['application_id', 'auto_vacuum', 'busy_timeout', 'cache_size', 'encoding', 'foreign_keys', 'journal_mode'],
  ...['journal_size_limit', 'locking_mode', 'page_size', 'synchronous', 'temp_store', 'user_version'],
  'wal_autocheckpoint',
];

/** Those that a file keeps; the others are of the connection. */
const KEPT = ['application_id', 'auto_vacuum', 'encoding', 'journal_mode', 'page_size', 'user_version'];

function describeDatabase(database: LibsqlDatabase.Database, names = PRAGMAS): string {
  const pragmas = names.map((name) => {
    const row = database.prepare(`pragma ${name}`).get([]) as Record<string, unknown> | undefined;
    return `${name} = ${Object.values(row ?? {})[0] ?? ''}`;
  });
  const rows = database.prepare('select type, name, sql from sqlite_master order by type, name').all([]);
  const objects = (rows as { type: string; name: string; sql: string | null }[]).map(
    ({ type, name, sql }) => `-- ${type} ${name}\n${sql ?? '(automatic)'}`,
  );
  return [...pragmas, '', ...objects, ''].join('\n');
}

/** Names and modes. */
const files = () =>
  readdirSync(folder)
    .sort()
    .map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}\n`)
    .join('');

async function call(server: ReturnType<typeof createQueueServer>, action: string, input: object): Promise<void> {
  const headers = { 'x-amz-target': `AmazonSQS.${action}` };
  const response = await server.app.request('/', { method: 'POST', headers, body: JSON.stringify(input) });
  expect(response.status, await response.text()).toBe(200);
}

test('the store of the queue server', async () => {
  const path = join(folder, 'queue.db');
  const umask = process.umask(0o022);
  const server = createQueueServer({ path });
  try {
    const opening = trace.join('\n');
    await call(server, 'CreateQueue', { QueueName: 'readings' });
    const open = describeDatabase(opened[0]!);
    const names = files();
    server.close();
    await expect(`${opening}\n`).toMatchFileSnapshot(recorded('queue-opening.sql'));
    await expect(`${names}\n${open}`).toMatchFileSnapshot(recorded('queue-open.sql'));
    const database = new Database(path, { readonly: true });
    const closed = describeDatabase(database, KEPT);
    database.close();
    await expect(`${files()}\n${closed}`).toMatchFileSnapshot(recorded('queue-closed.sql'));
  } finally {
    process.umask(umask);
    server.close();
  }
});

test('the store of the puller', async () => {
  const path = join(folder, 'readings.db');
  const umask = process.umask(0o022);
  try {
    const store = new StoreSink(path);
    const opening = trace.join('\n');
    const open = describeDatabase(opened[0]!);
    const names = files();
    store.close();
    await expect(`${opening}\n`).toMatchFileSnapshot(recorded('readings-opening.sql'));
    await expect(`${names}\n${open}`).toMatchFileSnapshot(recorded('readings-open.sql'));
    const database = new Database(path, { readonly: true });
    const closed = describeDatabase(database, KEPT);
    database.close();
    await expect(closed).toMatchFileSnapshot(recorded('readings-closed.sql'));
  } finally {
    process.umask(umask);
  }
});
