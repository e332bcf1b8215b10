import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isSha256, ModuleStore } from './module-store.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modules-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const hash = (digit: string) => digit.repeat(64);
const age = (store: ModuleStore, sha256: string, seconds: number) => {
  const past = new Date(Date.now() - seconds * 1000);
  utimesSync(store.find(sha256)!, past, past);
};

test('a module is found by its hash', () => {
  const store = new ModuleStore(join(folder, 'modules'));
  store.put(hash('a'), Uint8Array.from([1, 2]));
  expect([...readFileSync(store.find(hash('a'))!)]).toEqual([1, 2]);
  expect(store.find(hash('b'))).toBeUndefined();
});

test('the one that was used least recently gives way; the newest stays, whatever its size', () => {
  const store = new ModuleStore(folder, 25);
  for (const digit of ['a', 'b']) store.put(hash(digit), new Uint8Array(10));
  age(store, hash('a'), 20);
  age(store, hash('b'), 10);
  store.find(hash('a'));
  store.put(hash('c'), new Uint8Array(10));
  expect(readdirSync(folder).sort()).toEqual([`${hash('a')}.wasm`, `${hash('c')}.wasm`]);
  store.put(hash('d'), new Uint8Array(30));
  expect(readdirSync(folder)).toEqual([`${hash('d')}.wasm`]);
});

test('only a SHA-256 in hex names a module', () => {
  expect([hash('f'), hash('F'), '../x', hash('a').slice(1)].map(isSha256)).toEqual([true, false, false, false]);
});
