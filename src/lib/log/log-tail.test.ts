import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogTail } from './log-tail.js';

let folder: string;
let path: string;
let tail: LogTail;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-tail-'));
  path = join(folder, 'a.log');
  tail = new LogTail(path);
});
afterEach(async () => {
  await tail.close();
  rmSync(folder, { recursive: true });
});

async function read(options?: { all: boolean }): Promise<string[]> {
  const lines: string[] = [];
  for await (const { line } of tail.read(options)) lines.push(line);
  return lines;
}

test('it begins with the older file, and goes on with what is appended', async () => {
  writeFileSync(`${path}.1`, 'first\n');
  writeFileSync(path, 'second\n\n  \nthird\r\nfour');
  expect(await read()).toEqual(['first', 'second', 'third']);
  expect(await read()).toEqual([]);
  appendFileSync(path, 'th\nfifth\n');
  expect(await read()).toEqual(['fourth', 'fifth']);
});

test('a last line without an end is there when all is asked for', async () => {
  writeFileSync(path, 'one\ntwo');
  expect(await read({ all: true })).toEqual(['one', 'two']);
});

test('a file that comes later, one that is replaced, and one that is emptied', async () => {
  expect(await read()).toEqual([]);
  writeFileSync(path, 'one\n');
  expect(await read()).toEqual(['one']);
  appendFileSync(path, 'two\ncut');
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, ' off');
  writeFileSync(path, 'three\n');
  expect(await read()).toEqual(['two', 'cut off', 'three']);
  truncateSync(path, 0);
  appendFileSync(path, 'new\n');
  expect(await read()).toEqual(['new']);
});

test('between two files nothing is lost while there is none', async () => {
  writeFileSync(path, 'one\n');
  await read();
  appendFileSync(path, 'two\n');
  renameSync(path, `${path}.1`);
  expect(await read()).toEqual(['two']);
  writeFileSync(path, 'three\n');
  expect(await read()).toEqual(['three']);
});

test('a line of a megabyte is cut, at a whole character, and the next one is whole', async () => {
  writeFileSync(path, `${'é'.repeat(2 ** 19)}\nx${'é'.repeat(2 ** 19)}\nnext\n`);
  const [even, odd, next] = await read();
  expect(even).toBe(`${'é'.repeat(8192)}… (1032192 more bytes)`);
  expect(odd).toMatch(/^xé{8191}… \(1032193 more bytes\)$/);
  expect(next).toBe('next');
});
