import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeLines } from './text-writer.js';

const GO_ON = new AbortController().signal;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'writer-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'out.csv');

async function* lines(line: string, count = 1, atTheEnd = () => {}): AsyncGenerator<string> {
  for (let i = 0; i < count; i++) yield line;
  atTheEnd();
}
const refused = expect.objectContaining({ code: 'FILE_NOT_WRITTEN' });

test('a file is there once it is complete, and replaces an older one', async () => {
  writeFileSync(path(), 'older');
  const line = `${'ä'.repeat(99)}\n`;
  await writeLines(
    lines(line, 2000, () => expect(readFileSync(path(), 'utf8')).toBe('older')),
    path(),
    GO_ON,
  );
  expect(readFileSync(path(), 'utf8')).toBe(line.repeat(2000));
  expect(readdirSync(folder)).toEqual(['out.csv']);
});

test('what ends half-way leaves nothing, and an older file as it was', async () => {
  writeFileSync(path(), 'older');
  const cause = new Error('the puller is gone');
  const failing = lines('x'.repeat(100_000), 1, () => {
    throw cause;
  });
  await expect(writeLines(failing, path(), GO_ON)).rejects.toBe(cause);
  expect([readdirSync(folder), readFileSync(path(), 'utf8')]).toEqual([['out.csv'], 'older']);
});

test('where no file can be, it says so', async () => {
  const file = join(folder, 'none', 'out.csv');
  const message = expect.stringContaining('none/out.csv');
  await expect(writeLines(lines('x'), file, GO_ON)).rejects.toThrow(
    expect.objectContaining({ code: 'FILE_NOT_WRITTEN', message }),
  );
});

test.skipIf(!existsSync('/dev/full'))('a full disk is an error', async () => {
  await expect(writeLines(lines('x'.repeat(100_000)), '/dev/full', GO_ON)).rejects.toThrow(refused);
  expect(existsSync('/dev/full')).toBe(true);
});

test.skipIf(process.platform === 'win32')('a pipe is written as it is', async () => {
  execFileSync('mkfifo', [path()]);
  const reading = readFile(path(), 'utf8');
  await writeLines(lines('through'), path(), GO_ON);
  expect(await reading).toBe('through');
  expect(readdirSync(folder)).toEqual(['out.csv']);
});

test('after the signal nothing more is written', async () => {
  const stop = new AbortController();
  await expect(
    writeLines(
      lines('x', 2, () => stop.abort()),
      path(),
      stop.signal,
    ),
  ).rejects.toThrow('abort');
  expect(readdirSync(folder)).toEqual([]);
});
