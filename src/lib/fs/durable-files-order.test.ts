import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFileAtomic, writeFileAtomic } from './durable-files.js';

/** What was done to files, in order: no kill shows a missing fsync, only a power cut does. */
const calls: string[] = [];
const pathOf = new Map<number, string>();
let failing: string | undefined;

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const say = (what: string) => {
    calls.push(what);
    if (what.startsWith(failing ?? '\0')) throw Object.assign(new Error(`${what} fails`), { code: 'EIO' });
  };
  const short = (path: unknown) => String(path).replace(folder, '<folder>').replace(String(process.pid), '<pid>');
  const fileOf = (fd: unknown) => short(pathOf.get(fd as number));
  return {
    ...fs,
    openSync(...args: Parameters<typeof fs.openSync>) {
      const fd = fs.openSync(...args);
      pathOf.set(fd, String(args[0]));
      return fd;
    },
    writeFileSync(...args: Parameters<typeof fs.writeFileSync>) {
      say(`write ${short(args[0])}`);
      fs.writeFileSync(...args);
      const options = args[2];
      if (typeof options === 'object' && options?.flush) say(`fsync ${short(args[0])}`);
    },
    fsyncSync(fd: number) {
      say(`fsync ${fileOf(fd)}`);
      fs.fsyncSync(fd);
    },
    renameSync(from: string, to: string) {
      say(`rename ${short(from)} to ${short(to)}`);
      fs.renameSync(from, to);
    },
    linkSync(from: string, to: string) {
      say(`link ${short(from)} to ${short(to)}`);
      fs.linkSync(from, to);
    },
  };
});

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-order-'));
  calls.length = 0;
  failing = undefined;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const temporary = '<folder>/state.json.<pid>.tmp';

test('a text is on disk before its file takes the name, and the name is on disk before the call returns', () => {
  writeFileAtomic(join(folder, 'state.json'), 'new');
  expect(calls).toEqual([
    `write ${temporary}`,
    `fsync ${temporary}`,
    `rename ${temporary} to <folder>/state.json`,
    ...(process.platform === 'win32' ? [] : ['fsync <folder>']),
  ]);
});

test('a file that others wait for has its whole text on disk before it has its name', () => {
  expect(createFileAtomic(join(folder, 'state.json'), 'new')).toBe(true);
  expect(calls).toEqual([`write ${temporary}`, `fsync ${temporary}`, `link ${temporary} to <folder>/state.json`]);
  expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600);
});

test.each(['write', 'fsync', 'rename'])('when the %s fails the old text stays, and nothing beside it', (what) => {
  const path = join(folder, 'state.json');
  writeFileAtomic(path, 'old');
  failing = what;
  expect(() => writeFileAtomic(path, 'new')).toThrow(`${what} ${temporary}`);
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(() => statSync(`${path}.${process.pid}.tmp`)).toThrow('ENOENT');
});

test.each(['write', 'fsync', 'link'])('when the %s of a new file fails that is no file of somebody else', (what) => {
  failing = what;
  expect(() => createFileAtomic(join(folder, 'state.json'), 'new')).toThrow(`${what} ${temporary}`);
  expect(readdirSync(folder)).toEqual([]);
});
