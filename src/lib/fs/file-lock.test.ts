import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../process/process-id.js';
import { withFileLock } from './file-lock.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'new', 'x.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('one works while the others wait, also when it fails; then the lock is gone', async () => {
  let inside = 0;
  const work = async (i: number) => {
    expect(++inside).toBe(1);
    await sleep(20);
    inside--;
    if (i === 1) throw new Error('of the work');
    return i;
  };
  const results = await Promise.allSettled([0, 1, 2, 3].map((i) => withFileLock(path, 10_000, () => work(i))));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(existsSync(path)).toBe(false);
});

test('what a dead process left is in nobody’s way', async () => {
  await withFileLock(path, 1000, async () => {});
  writeFileSync(path, JSON.stringify({ ...identify('lock', process.pid)!, started: 'once' }));
  expect(await withFileLock(path, 1000, async () => 'dead')).toBe('dead');
});

test('waiting too long names the lock and the time; the holder keeps it', async () => {
  await withFileLock(path, 1000, async () => {
    await expect(withFileLock(path, 60, async () => {})).rejects.toMatchObject({
      ...{ code: 'LOCKED', fault: 'system', message: `another command holds ${path} for more than 0.06 s` },
    });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(identify('lock', process.pid));
  });
  expect(existsSync(path)).toBe(false);
});
