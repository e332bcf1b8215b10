import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskReserve } from './disk-reserve.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'disk-reserve-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

test('it takes up real space, once, until it is released', () => {
  const path = join(folder, 'reserve');
  const reserve = new DiskReserve(path, 100_000);
  expect([reserve.bytes, reserve.take(), reserve.bytes]).toEqual([0, true, 100_000]);
  expect(statSync(path).blocks * 512).toBeGreaterThanOrEqual(100_000);
  const { mtimeMs } = statSync(path);
  expect([reserve.take(), statSync(path).mtimeMs]).toEqual([true, mtimeMs]);
  reserve.release();
  reserve.release();
  expect(reserve.bytes).toBe(0);
});
