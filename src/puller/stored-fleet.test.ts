import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reading } from '../protocol/message.js';
import { EventHub } from './events/event-hub.js';
import { StoreSink } from './sinks/readings-store.js';
import type { Delivery } from './sinks/sink.js';
import { markStoredSensorsStopped } from './stored-fleet.js';

const T0 = 1_750_000_000_000;
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-fleet-'));
  path = join(folder, 'readings.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

function delivery(name: string, receivedAt: number): Delivery {
  const reading: Reading = {
    ...{ job_id: 'j', execution_id: name, hostname: name, icon_name: '', color: '', region: 'eu', sequence: 1 },
    ...{ timestamp: new Date(receivedAt).toISOString(), job_submission_time: 1 },
  };
  return { id: name, body: '', message: {}, reading, config: undefined, receivedAt };
}

/** What a puller that starts on this store shows. */
function states(now: number): Record<string, string> {
  const store = new StoreSink(path);
  const hub = new EventHub();
  const { fleet, after } = store.loadCheckpoint();
  hub.restore(fleet, after);
  store.close();
  return Object.fromEntries(hub.fleet.view(now).map(({ hostname, state }) => [hostname, state]));
}

test('a network that ended without a puller ends its sensors for the next one, from the checkpoint and after it', () => {
  const store = new StoreSink(path);
  const hub = new EventHub();
  const kept = [delivery('earlier', T0 - 1), delivery('in the checkpoint', T0)];
  store.accept(kept);
  hub.record(kept);
  store.saveCheckpoint(hub.fleet.dump());
  store.accept([delivery('after it', T0 + 5)]);
  store.close();
  markStoredSensorsStopped(path, T0, T0 + 1000);
  expect(states(T0 + 60_000)).toEqual({ earlier: 'silent', 'in the checkpoint': 'gone', 'after it': 'gone' });
});

test('where no store is none is made', () => {
  markStoredSensorsStopped(path, 0, 0);
  expect(existsSync(path)).toBe(false);
});
