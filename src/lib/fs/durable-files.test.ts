import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileAtomic, readIfExists, writeFileAtomic } from './durable-files.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('a file is made with its folders, for its owner only by default, and nothing stays beside it', () => {
  const path = join(folder, 'a', 'b', 'token');
  writeFileAtomic(path, 'täxt 🚀');
  expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['täxt 🚀', '600']);
  writeFileAtomic(join(folder, 'open'), '', 0o644);
  expect(mode(join(folder, 'open'))).toBe('644');
  expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['token']);
});

test('a folder that is made for a file is as private as the file', () => {
  writeFileAtomic(join(folder, 'secret/token'), 'x');
  writeFileAtomic(join(folder, 'shared/config.yaml'), 'x', 0o644);
  expect([mode(join(folder, 'secret')), mode(join(folder, 'shared'))]).toEqual(['700', '755']);
});

test('a file that anybody could read becomes private when it is replaced', () => {
  const path = join(folder, 'token');
  writeFileSync(path, 'old', { mode: 0o644 });
  writeFileAtomic(path, 'new', 0o600);
  expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['new', '600']);
});

test('a reader sees the old text or the new one, never a part', async () => {
  const path = join(folder, 'state.json');
  const texts = ['a', 'b'].map((letter) => letter.repeat(300_000));
  writeFileAtomic(path, texts[0]!);
  const reader = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const { readFileSync } = require('node:fs');
     let torn = 0, seen = new Set(), go = true;
     parentPort.on('message', () => { go = false; });
     const look = () => {
       const text = readFileSync(workerData, 'utf8');
       if (text.length !== 300000 || new Set(text).size !== 1) torn++;
       seen.add(text[0]);
       if (go) setImmediate(look); else parentPort.postMessage({ torn, seen: seen.size });
     };
     parentPort.postMessage('ready');
     look();`,
    { eval: true, workerData: path },
  );
  const next = () => new Promise((resolve, reject) => reader.once('message', resolve).once('error', reject));
  await next();
  for (let i = 0; i < 60; i++) {
    writeFileAtomic(path, texts[i % 2]!);
    await new Promise(setImmediate);
  }
  reader.postMessage('end');
  expect(await next()).toEqual({ torn: 0, seen: 2 });
  await reader.terminate();
});

test('a replacement that fails leaves the old text', () => {
  const path = join(folder, 'folder');
  writeFileAtomic(join(path, 'inside'), 'x');
  // A folder can't be replaced by a file.
  expect(() => writeFileAtomic(path, 'y')).toThrow();
  expect(readFileSync(join(path, 'inside'), 'utf8')).toBe('x');
  expect(readdirSync(folder)).toEqual(['folder']);
});

test.skipIf(!existsSync('/dev/full'))('a text for which the disk has no room leaves nothing beside the old one', () => {
  const path = join(folder, 'state.json');
  writeFileAtomic(path, 'old');
  symlinkSync('/dev/full', `${path}.${process.pid}.tmp`);
  expect(() => writeFileAtomic(path, 'new')).toThrow('ENOSPC');
  expect([readdirSync(folder).sort(), readFileSync(path, 'utf8')]).toEqual([['state.json'], 'old']);
});

test('of several that make the same file the first succeeds, and the others change nothing', () => {
  const path = join(folder, 'new', 'run.json');
  expect([1, 2, 3].map((n) => createFileAtomic(path, `text ${n}`))).toEqual([true, false, false]);
  expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['text 1', '600']);
  expect(readdirSync(join(folder, 'new'))).toEqual(['run.json']);
});

test('a file that can’t be made is no file of somebody else', () => {
  // The name is longer than any file system takes.
  expect(() => createFileAtomic(join(folder, 'x'.repeat(300)), '')).toThrow('ENAMETOOLONG');
  expect(readdirSync(folder)).toEqual([]);
});

test('no file is undefined; any other trouble is not hidden', () => {
  expect(readIfExists(join(folder, 'none'))).toBeUndefined();
  expect(() => readIfExists(folder)).toThrow('EISDIR');
});
