import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../errors/app-error.js';
import { explainStateFailure, makeFolder } from './state-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const caught = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
};
const errno = (code: string, path?: string, syscall = 'open') =>
  Object.assign(new Error(code), { code, syscall, path });

test('a file in the way is said with its path, above the state folder and below it', () => {
  writeFileSync(join(folder, 'file'), '');
  const failures: [string, () => unknown][] = [
    [join(folder, 'file'), () => mkdirSync(join(folder, 'file'))],
    [join(folder, 'file'), () => readFileSync(join(folder, 'file', 'run.json'))],
    [folder, () => mkdirSync(join(folder, 'file'), { recursive: true })],
  ];
  for (const [stateDir, work] of failures) {
    const error = explainStateFailure(caught(work), stateDir) as AppError;
    expect(error).toBeInstanceOf(AppError);
    expect([error.code, error.message]).toEqual(['STATE_UNWRITABLE', expect.stringContaining(join(folder, 'file'))]);
    expect(error.hint).toContain('--state-dir');
  }
});

test('folders are made one by one; where the file system takes none that is said, and not tried for ever', () => {
  const deep = join(folder, 'a', 'b');
  makeFolder(deep);
  makeFolder(deep);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
  // No folder can be made there, whoever asks: Node's own recursive mkdir never returns.
  if (process.platform !== 'linux') return;
  expect(
    explainStateFailure(
      caught(() => makeFolder('/proc/x/y')),
      '/proc/x/y',
    ),
  ).toMatchObject({
    ...{ code: 'STATE_UNWRITABLE', message: "can't use /proc/x: no folder can be made there" },
  });
});

test('rights, read-only and full disks are no bugs, also where the failure names no path', () => {
  for (const code of ['EACCES', 'EPERM', 'EROFS', 'ENOSPC']) {
    expect(explainStateFailure(errno(code, '/s/logs/x'), '/s')).toMatchObject({ code: 'STATE_UNWRITABLE' });
  }
  expect(explainStateFailure(errno('ENOSPC', undefined, 'write'), '/s')).toMatchObject({
    message: expect.stringContaining('/s'),
  });
});

test.each([
  ['EACCES', 'access is denied'],
  ['EPERM', 'it is not permitted'],
  ['EROFS', 'the file system is read-only'],
  ['ENOTDIR', 'a folder is needed where a file is'],
  ['EEXIST', 'a folder is needed where a file is'],
  ['EISDIR', 'a file is needed where a folder is'],
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
])('%s: %s', (code, reason) => {
  const cause = errno(code, '/s/x');
  const hint = 'Fix that, or use another state folder than /s with --state-dir.';
  expect(explainStateFailure(cause, '/s')).toMatchObject({ message: `can't use /s/x: ${reason}`, cause, hint });
});

test.each([
  ['a write to an open file', errno('ENOSPC', undefined, 'write'), true],
  ['an fsync', errno('EDQUOT', undefined, 'fsync'), true],
  ['a call of another kind without a path', errno('ENOSPC', undefined, 'read'), false],
  ['the folder itself', errno('EACCES', '/s'), true],
  ['a sibling whose name begins the same', errno('EACCES', '/s-2/x'), false],
  ['a folder elsewhere that was to be made', errno('EACCES', '/deep', 'mkdir'), false],
])('%s is explained: %s', (_, error, explained) => {
  expect(explainStateFailure(error, '/s') !== error).toBe(explained);
});

test('a folder above the state folder counts where it was to be made only', () => {
  expect(explainStateFailure(errno('EACCES', '/deep', 'mkdir'), '/deep/er/s')).toMatchObject({
    message: "can't use /deep: access is denied",
  });
  const other = errno('EACCES', '/deep', 'open');
  expect(explainStateFailure(other, '/deep/er/s')).toBe(other);
});

test('what has nothing to do with the folder stays what it is', () => {
  const others = [
    ...[errno('EACCES', '/elsewhere/x'), errno('ENOENT', '/s/x'), errno('EACCES', '/s2')],
    ...[errno('EACCES', undefined, 'connect'), new Error('x')],
  ];
  for (const error of others) {
    expect(explainStateFailure(error, '/s')).toBe(error);
  }
});

test('a folder above it that can’t be made is in its way, one that can’t be read is not', () => {
  const made = explainStateFailure(errno('EACCES', '/s', 'mkdir'), '/s/project/state');
  expect(made).toMatchObject({ code: 'STATE_UNWRITABLE', message: expect.stringContaining("can't use /s:") });
  for (const other of [errno('EACCES', '/s', 'open'), errno('EACCES', '/other', 'mkdir')]) {
    expect(explainStateFailure(other, '/s/project/state')).toBe(other);
  }
});
