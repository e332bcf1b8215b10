/** The checker against a real store that lacks, alters or invents readings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Reading } from '../../protocol/message.js';
import { SqliteStore } from '../../store/sqlite/sqlite-store.js';
import { check, checkLedger, History, keyOf, rangesOf } from './checker.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checker-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const reading = (sequence: number, execution_id = 'e-1'): Reading => ({
  ...{ job_id: 'job', execution_id, icon_name: '🔥', color: '#ff8800', region: 'eu', hostname: 'h' },
  ...{ sequence, timestamp: `2026-01-01T00:00:0${sequence}.000Z`, job_submission_time: 0 },
});

/** Verdict on a store with these readings, when 1 to 5 were sent and acknowledged. */
function verdictOn(stored: Reading[], deadLetters: string[] = []) {
  const history = new History();
  for (const sent of [1, 2, 3, 4, 5].map((sequence) => reading(sequence))) {
    history.sent.set(keyOf(sent), sent);
    history.acknowledged.add(keyOf(sent));
  }
  const { missing, wrong } = check(history, 'job', storeOf(stored), deadLetters);
  return { missing: rangesOf(missing), wrong };
}

/** Path of a store with these readings. */
function storeOf(stored: Reading[]): string {
  const path = join(folder, 'readings.db');
  const store = new SqliteStore(path);
  store.append(
    stored.map((reading, i) => ({ ...{ id: `m${i}`, body: '', receivedAt: 1, config: undefined }, reading })) as never,
  );
  store.close();
  return path;
}

test('everything is in the store or among the dead letters: nothing is missing', () => {
  const deadLetters = [JSON.stringify(reading(4)), 'not JSON', 'null'];
  expect(
    verdictOn(
      [1, 2, 3, 5].map((sequence) => reading(sequence)),
      deadLetters,
    ),
  ).toEqual({ missing: [], wrong: [] });
});

test('what was acknowledged and is nowhere is missing', () => {
  expect(verdictOn([reading(3)]).missing).toEqual(['e-1 1..2', 'e-1 4..5']);
});

test('what was never sent, is altered, or is there twice is wrong', () => {
  const altered = { ...reading(2), color: '#000000' };
  const twice = { ...reading(3), timestamp: '2026-01-01T00:00:09.000Z' };
  const { missing, wrong } = verdictOn([1, 3, 4, 5, 6].map((sequence) => reading(sequence)).concat(altered, twice));
  expect(missing).toEqual([]);
  expect(wrong).toEqual([
    'e-1 6: never sent',
    expect.stringMatching(/^e-1 2: .*#000000/),
    expect.stringMatching(/^e-1 3: .*00:00:09/),
    'e-1 3: twice',
  ]);
});

test('accounts of the fleet view that are not those of the store are found', () => {
  const history = new History();
  for (const sequence of [1, 2, 3]) history.sent.set(`c-1 ${sequence}`, reading(sequence, 'c-1'));
  const path = storeOf([reading(1, 'c-1'), reading(3, 'c-1'), reading(1), reading(5)]);
  const account = (execution_id: string, unaccounted: number, received = 2) => ({
    ...{ execution_id, received, gaps: 0, waiting: 0, unaccounted },
  });
  const problems = (...accounts: ReturnType<typeof account>[]) => checkLedger(history.sentOf, path, accounts).length;
  // Of a client all is known; of a sensor only what must be missing.
  expect(problems(account('c-1', 1), account('e-1', 3), account('e-1', 7), account('unknown', 1))).toBe(0);
  expect(
    [account('c-1', 2), account('c-1', 0), account('e-1', 2), account('e-1', 3, 3)].map((one) => problems(one)),
  ).toEqual([1, 1, 1, 1]);
});
