/** The checker against a real store that lacks, alters or invents readings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import { check, History, keyOf, rangesOf } from './checker.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checker-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const reading = (sequence: number): Reading => ({
  ...{ job_id: 'job', execution_id: 'e-1', icon_name: '🔥', color: '#ff8800', region: 'eu', hostname: 'h' },
  ...{ sequence, timestamp: `2026-01-01T00:00:0${sequence}.000Z`, job_submission_time: 0 },
});

/** Verdict on a store with these readings, when 1 to 5 were sent and acknowledged. */
function verdictOn(stored: Reading[], deadLetters: string[] = []) {
  const history = new History();
  for (const sent of [1, 2, 3, 4, 5].map(reading)) {
    history.sent.set(keyOf(sent), sent);
    history.acknowledged.add(keyOf(sent));
  }
  const path = join(folder, 'readings.db');
  const store = new SqliteStore(path);
  store.append(
    stored.map((reading, i) => ({ ...{ id: `m${i}`, body: '', receivedAt: 1, config: undefined }, reading })) as never,
  );
  const { missing, wrong } = check(history, 'job', path, deadLetters);
  store.close();
  return { missing: rangesOf(missing), wrong };
}

test('everything is in the store or among the dead letters: nothing is missing', () => {
  const deadLetters = [JSON.stringify(reading(4)), 'not JSON', 'null'];
  expect(verdictOn([1, 2, 3, 5].map(reading), deadLetters)).toEqual({ missing: [], wrong: [] });
});

test('what was acknowledged and is nowhere is missing', () => {
  expect(verdictOn([reading(3)]).missing).toEqual(['e-1 1..2', 'e-1 4..5']);
});

test('what was never sent, is altered, or is there twice is wrong', () => {
  const altered = { ...reading(2), color: '#000000' };
  const twice = { ...reading(3), timestamp: '2026-01-01T00:00:09.000Z' };
  const { missing, wrong } = verdictOn([1, 3, 4, 5, 6].map(reading).concat(altered, twice));
  expect(missing).toEqual([]);
  expect(wrong).toEqual([
    'e-1 6: never sent',
    expect.stringMatching(/^e-1 2: .*#000000/),
    expect.stringMatching(/^e-1 3: .*00:00:09/),
    'e-1 3: twice',
  ]);
});
