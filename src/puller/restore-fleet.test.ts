import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import { SqliteStore } from '../store/sqlite/sqlite-store.js';
import type { Delivery } from './delivery.js';
import { noteEndedNetwork, takeEndedNetwork } from './ended-network.js';
import { EventHub } from './events/event-hub.js';
import { restoreFleet } from './restore-fleet.js';

const T0 = 1_750_000_000_000;
let folder: string;
let path: string;
let ended: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-fleet-'));
  path = join(folder, 'readings.db');
  ended = join(folder, 'ended-network.json');
});

afterEach(() => rmSync(folder, { recursive: true }));

function delivery(name: string, receivedAt: number): Delivery {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: name, hostname: name, icon_name: '', color: '', region: 'eu', sequence: 1 },
    ...{ timestamp: new Date(receivedAt).toISOString(), job_submission_time: 1 },
  };
  return { id: name, body: '', message: {}, reading, config: undefined, receivedAt };
}

/** What a puller that starts on this store shows, with the file of what ended before. */
async function states(now: number): Promise<Record<string, string>> {
  const store = new SqliteStore(path);
  const { fleet } = await takeEndedNetwork(ended, (found) => restoreFleet(store, now, found));
  store.close();
  return Object.fromEntries(fleet.view(now).map(({ hostname, state }) => [hostname, state]));
}

test('a network that ended without a puller ends its sensors for the next one, from the checkpoint and after it', async () => {
  const store = new SqliteStore(path);
  const hub = new EventHub();
  const kept = [delivery('earlier', T0 - 1), delivery('in the checkpoint', T0)];
  store.append(kept);
  hub.record(kept);
  store.saveCheckpoint(hub.fleet.dump());
  store.append([delivery('after it', T0 + 5)]);
  store.close();
  expect(await states(T0 + 60_000)).toEqual({ earlier: 'silent', 'in the checkpoint': 'silent', 'after it': 'silent' });
  noteEndedNetwork(ended, { since: T0, by: T0 + 1000 });
  const expected = { earlier: 'silent', 'in the checkpoint': 'gone', 'after it': 'gone' };
  expect(await states(T0 + 60_000)).toEqual(expected);
  expect([existsSync(ended), await states(T0 + 60_000)]).toEqual([false, expected]);
});

test('of two networks that ended one after another the sensors of both have stopped; a damaged file says nothing', async () => {
  const store = new SqliteStore(path);
  store.append([delivery('first', T0), delivery('second', T0 + 1000)]);
  store.close();
  writeFileSync(ended, '{"since":');
  noteEndedNetwork(ended, { since: T0, by: T0 + 500 });
  noteEndedNetwork(ended, { since: T0 + 600, by: T0 + 2000 });
  expect(await states(T0 + 60_000)).toEqual({ first: 'gone', second: 'gone' });
});
