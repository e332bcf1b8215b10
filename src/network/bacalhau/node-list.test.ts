import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeList } from './node-list.js';

let server: Server;
let list: NodeList;
let requests: number;
let heartbeats: Map<string, number>;

beforeEach(async () => {
  requests = 0;
  heartbeats = new Map();
  server = createServer((_, response) => {
    requests++;
    const Nodes = [...heartbeats].map(([NodeID, time]) => ({
      Info: { NodeID, NodeType: 'Compute' },
      ConnectionState: { Status: 'CONNECTED', LastHeartbeat: new Date(time).toISOString() },
    }));
    response.end(JSON.stringify({ Nodes }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  list = new NodeList(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 1);
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

test('one request tells of hundreds of nodes', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `edge-us-${i}`);
  for (const name of names) heartbeats.set(name, Date.now());
  const late = await Promise.all(names.map((name) => list.isLate(name, 60_000)));
  expect([late.includes(true), requests]).toEqual([false, 1]);
});

test('an old heartbeat, one from the future and none at all are late', async () => {
  heartbeats
    .set('well', Date.now())
    .set('silent', Date.now() - 90_000)
    .set('before-a-step', Date.now() + 90_000);
  const names = ['well', 'silent', 'before-a-step', 'unknown'];
  expect(await Promise.all(names.map((name) => list.isLate(name, 60_000)))).toEqual([false, true, true, true]);
});

test('an orchestrator that does not answer says nothing about its nodes', async () => {
  const gone = new NodeList('http://127.0.0.1:1', 1);
  expect(await gone.isLate('edge-us-1', 60_000)).toBe(false);
});
