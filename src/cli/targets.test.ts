import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FleetClient } from '../puller/fleet-client.js';
import { storeTarget } from './targets.js';

let stateDir: string;
const note = vi.fn();

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'state-'));
  note.mockClear();
});

afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const targetOf = (options: object, settings: object = {}) =>
  storeTarget({ out: { note }, options, settings: { stateDir, store: 'sqlite', ...settings } } as unknown as Parameters<
    typeof storeTarget
  >[0]);

test('a file that is named is read', () => {
  expect(targetOf({ store: 'copy.db' })).toBe(resolve('copy.db'));
});

test('of a network that is down the store that it left is read, and that is said', () => {
  expect(targetOf({})).toBeInstanceOf(FleetClient);
  writeFileSync(join(stateDir, 'readings.db'), '');
  expect(targetOf({})).toBe(join(stateDir, 'readings.db'));
  expect(note).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('no network is up'));
});

test('a database is read as a file is, but for a password that others would see', () => {
  const url = 'postgres://me@db.example/readings';
  expect(targetOf({ store: url })).toBe(url);
  expect(() => targetOf({ store: 'postgres://me:secret@db.example/readings' })).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.not.stringContaining('secret') }),
  );
  expect(targetOf({}, { store: 'postgres://me:secret@db.example/readings' })).toContain('secret');
  expect(note).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/reading postgres:\/\/db\.example\/readings$/));
});

test('a puller that is named is asked', () => {
  writeFileSync(join(stateDir, 'readings.db'), '');
  expect(targetOf({}, { pullerUrl: 'http://127.0.0.1:9' })).toBeInstanceOf(FleetClient);
});
