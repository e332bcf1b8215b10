import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepToken, newToken, readToken, tokenProblem } from './bearer-token.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'token-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('tokens are long, fit for a header, and never the same', () => {
  const tokens = Array.from({ length: 100 }, newToken);
  expect(new Set(tokens).size).toBe(100);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/);
});

test('a token is made once, in a private file, and kept', () => {
  const path = join(folder, 'new', 'token');
  const token = keepToken(path);
  expect(keepToken(path)).toBe(token);
  expect(readFileSync(path, 'utf8').trim()).toBe(token);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a token of the operator’s own is taken without its line break; an empty file is none', () => {
  const path = join(folder, 'token');
  writeFileSync(path, ' mine \n');
  expect(keepToken(path)).toBe('mine');
  writeFileSync(path, '\n');
  expect(keepToken(path)).toMatch(/^.{32}$/);
});

test.each([
  ['binary bytes', Buffer.from([0, 1, 255, 254, 10])],
  ['a text on several lines', Buffer.from('one\ntwo')],
  ['letters that no header takes', Buffer.from('schlüssel')],
])('a file with %s is refused by name, its text is not shown, and it stays', (_, bytes) => {
  const path = join(folder, 'token');
  writeFileSync(path, bytes);
  const problem = {
    code: 'TOKEN_DAMAGED',
    message: expect.stringContaining(path),
    hint: expect.stringMatching(/emove/),
  };
  expect(() => keepToken(path)).toThrow(expect.objectContaining(problem));
  expect(() => readToken(path)).toThrow(expect.not.objectContaining({ message: expect.stringMatching(/one|schl/) }));
  expect(readFileSync(path)).toEqual(bytes);
});

test('reading makes no token', () => {
  expect(readToken(join(folder, 'token'))).toBeUndefined();
  writeFileSync(join(folder, 'token'), '\n');
  expect(readToken(join(folder, 'token'))).toBeUndefined();
});

test.each([
  ['Bearer secret', true],
  ['Bearer secre', false],
  ['Bearer secrets', false],
  ['Bearer Secret', false],
  ['Bearer  secret', false],
  ['Basic secret', false],
  ['secret', false],
  ['', false],
  [undefined, false],
])('the header %j matches the token: %s', (header, matches) => {
  expect(tokenProblem(header, ['secret'], 'sending') === undefined).toBe(matches);
});

test.each([0o602, 0o620, 0o666])(
  'a file that others can write (mode %o) is refused, and says how to fix it',
  (mode) => {
    const path = join(folder, 'token');
    writeFileSync(path, 'planted');
    chmodSync(path, mode);
    const refused = {
      code: 'TOKEN_WRITABLE',
      message: expect.stringContaining(path),
      hint: expect.stringContaining(`chmod 600 ${path}`),
    };
    expect(() => readToken(path)).toThrow(expect.objectContaining(refused));
    expect(() => keepToken(path)).toThrow(expect.objectContaining(refused));
    chmodSync(path, 0o644);
    expect(readToken(path)).toBe('planted');
  },
);

test.each([
  ['no token is set, whatever comes', 'Bearer secret', undefined, 'NOT_ALLOWED'],
  ['no token is set, and none comes', undefined, undefined, 'NOT_ALLOWED'],
  ['none comes', undefined, 'secret', 'TOKEN_MISSING'],
  ['another one comes', 'Bearer secre', 'secret', 'TOKEN_WRONG'],
  ['it comes without its word', 'secret', 'secret', 'TOKEN_WRONG'],
])('a right that needs a token is refused when %s', (_, header, token, code) => {
  expect(tokenProblem(header, [token], 'sending')).toMatchObject({ code, message: expect.stringMatching(/^sending/) });
});

test('the right token gives the right', () => {
  expect(tokenProblem('Bearer secret', ['other', 'secret'], 'sending')).toBeUndefined();
});
