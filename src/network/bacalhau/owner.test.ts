import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownerOf } from './submit-job.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'owner-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a folder keeps its id; another folder has another one', () => {
  const id = ownerOf(join(folder, 'a'));
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect([ownerOf(join(folder, 'a')), ownerOf(join(folder, 'b')) === id]).toEqual([id, false]);
  expect(readFileSync(join(folder, 'a', 'owner'), 'utf8')).toBe(`${id}\n`);
  expect(statSync(join(folder, 'a', 'owner')).mode & 0o777).toBe(0o600);
});

test('a damaged file is replaced: no label could carry what it says', () => {
  writeFileSync(join(folder, 'owner'), 'not an id');
  const id = ownerOf(folder);
  expect(id).toMatch(/^[0-9a-f]{16}$/);
  expect(ownerOf(folder)).toBe(id);
});
