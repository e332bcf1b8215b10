import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWriter } from './text-writer.js';

const GO_ON = new AbortController().signal;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'writer-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'out.csv');

test('a file is there once it is complete, and replaces an older one', async () => {
  writeFileSync(path(), 'older');
  const writer = await openWriter(path(), GO_ON);
  const line = `${'ä'.repeat(99)}\n`;
  for (let i = 0; i < 2000; i++) await writer.write(line);
  expect(readFileSync(path(), 'utf8')).toBe('older');
  await writer.close();
  expect(readFileSync(path(), 'utf8')).toBe(line.repeat(2000));
  expect(readdirSync(folder)).toEqual(['out.csv']);
});

test('what is discarded leaves nothing, and an older file as it was', async () => {
  writeFileSync(path(), 'older');
  const writer = await openWriter(path(), GO_ON);
  await writer.write('x'.repeat(100_000));
  await writer.discard();
  expect([readdirSync(folder), readFileSync(path(), 'utf8')]).toEqual([['out.csv'], 'older']);
});

test('where no file can be, it says so', async () => {
  await expect(openWriter(join(folder, 'none', 'out.csv'), GO_ON)).rejects.toThrow(
    expect.objectContaining({ code: 'FILE_NOT_WRITTEN', message: expect.stringContaining('none/out.csv') }),
  );
});

test.skipIf(!existsSync('/dev/full'))('a full disk is an error', async () => {
  const writer = await openWriter('/dev/full', GO_ON);
  await expect(writer.write('x'.repeat(100_000))).rejects.toThrow(
    expect.objectContaining({ code: 'FILE_NOT_WRITTEN' }),
  );
  await writer.discard();
  expect(existsSync('/dev/full')).toBe(true);
});

test.skipIf(process.platform === 'win32')('a pipe is written as it is', async () => {
  execFileSync('mkfifo', [path()]);
  const reading = readFile(path(), 'utf8');
  const writer = await openWriter(path(), GO_ON);
  await writer.write('through');
  await writer.close();
  expect(await reading).toBe('through');
  expect(readdirSync(folder)).toEqual(['out.csv']);
});

test('after the signal nothing more is written', async () => {
  const stop = new AbortController();
  const writer = await openWriter(path(), stop.signal);
  stop.abort();
  await expect(writer.write('x')).rejects.toThrow('aborted');
  await writer.discard();
  expect(readdirSync(folder)).toEqual([]);
});
