/** Clients that take their answer slowly, over real sockets: what they hold, and for how long. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { answerError } from '../lib/errors/http-error.js';
import { type Listener, listen } from '../lib/net/http-server.js';
import { openSqlite } from '../lib/sqlite/driver.js';
import { eventually } from '../test/support/cli-harness.js';
import { StoreOfReadings } from '../test/support/store-of-readings.js';
import { FleetClient } from './fleet-client.js';
import { readerRoutes } from './reader-routes.js';

/** 60 MB, more than sockets take that nobody reads from. */
const LONG = JSON.stringify({ sql: 'select hex(zeroblob(300000)) from readings a, readings b limit 100' });
const QUERY = `POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${LONG.length}\r\n\r\n${LONG}`;
const EXPORT = 'GET /export?since=0&until=9000000000000 HTTP/1.1\r\nhost: localhost\r\n\r\n';

const closed = new AbortController();
let store: StoreOfReadings;
let served: Listener;
const sockets: Socket[] = [];
/** Answers that ended before their clients had all of them. */
let cutOffs: number;
const readings: NodeJS.Timeout[] = [];

beforeEach(() => {
  store = new StoreOfReadings();
  store.add(10);
});

afterEach(async () => {
  for (const reading of readings.splice(0)) clearInterval(reading);
  for (const socket of sockets.splice(0)) socket.destroy();
  await served.close(0);
  store.close();
});

async function serve(patienceMs = 60_000): Promise<void> {
  const routes = readerRoutes({ path: () => store.path, closed: closed.signal, log: console.error, patienceMs });
  routes.onError((error, c) => answerError(error, c, console.error));
  cutOffs = 0;
  const fetch = (request: Request, connection: { outgoing: ServerResponse }) => {
    const { outgoing } = connection;
    outgoing.once('close', () => {
      if (!outgoing.writableFinished) cutOffs++;
    });
    return routes.fetch(request, connection);
  };
  served = await listen({
    fetch: fetch as typeof routes.fetch,
    host: '127.0.0.1',
    port: 0,
    purpose: 'test',
    flag: '--port',
  });
}

/** Asks, and reads a kilobyte a second once the answer has begun, as long as the test lasts. */
async function readSlowly(request: string): Promise<Socket> {
  const socket = connect(served.port, '127.0.0.1');
  sockets.push(socket);
  socket.write(request);
  await once(socket, 'readable');
  expect(String(socket.read(12))).toBe('HTTP/1.1 200');
  readings.push(setInterval(() => socket.read(1000), 1000));
  return socket;
}

test('whoever reads too slowly is cut off, and others have the place', async () => {
  await serve(1500);
  const slow = await Promise.all([QUERY, QUERY, QUERY].map(readSlowly));
  const fleet = new FleetClient(served.url, { retryForMs: 0 });
  const { rows } = await fleet.query('select 1', closed.signal);
  for await (const row of rows) expect(row).toEqual([1]);
  // Whoever began last is cut off last. Nothing more is read before that: it would be read quickly.
  await eventually('the end of every slow answer', () => cutOffs === slow.length);
});

test.each([
  ['a query', QUERY],
  ['an export', EXPORT],
])("SQLite's log is shortened while somebody reads %s slowly", async (_, request) => {
  store.add(500, () => ({ job_id: 'j'.repeat(40_000) }));
  await serve();
  const socket = await readSlowly(request);
  store.add(10);
  const writer = openSqlite(store.path, { timeoutMs: 0 });
  await eventually('a log that is empty', () => {
    const { busy, log } = writer.prepare('pragma wal_checkpoint(truncate)').get() as { busy: number; log: number };
    return busy === 0 && log === 0;
  });
  writer.close();
  expect(socket.closed).toBe(false);
});
