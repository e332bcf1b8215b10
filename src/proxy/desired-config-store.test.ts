import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { effectiveConfig, type Patch } from '../protocol/desired-config.js';
import { MAX_VERSION } from '../protocol/sensor-config.js';
import { type DesiredConfigStore, desiredConfigStore } from './desired-config-store.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'desired-'));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const NOW = 1_750_000_000_000;
const patch = (over: Partial<Patch> = {}) => ({ scope: {}, set: {}, unset: [], ...over });

test('versions are Unix milliseconds, and grow also when the clock does not', () => {
  const desired = desiredConfigStore();
  const versions = [NOW, NOW, NOW - 60_000, NOW + 5].map((now) => desired.patch(patch(), now).version);
  expect(versions).toEqual([NOW, NOW + 1, NOW + 2, NOW + 5]);
  expect(desired.version).toBe(NOW + 5);
});

test('the whole state of another proxy is taken over when it is newer, and kept', () => {
  const path = join(folder, 'desired.json');
  const desired = desiredConfigStore(path);
  desired.patch(patch({ set: { emoji: 1 } }), NOW);
  desired.patch(patch({ scope: { region: 'eu' }, set: { emoji: 2 } }), NOW + 50);
  const own = desired.state;
  const other = { version: NOW + 50, fleet: { version: NOW + 50, color: '#111111' }, regions: {}, hosts: {} };
  for (const version of [NOW + 49, NOW + 50]) desired.takeOver({ ...other, version });
  expect(desiredConfigStore(path).state).toEqual(own);
  // What the other one says of itself is not kept.
  desired.takeOver({ ...other, version: NOW + 51, lost: NOW + 60, follows: 'http://a' });
  expect(desired.state).toEqual({ ...other, version: NOW + 51 });
  expect(desiredConfigStore(path).state).toEqual(desired.state);
  expect(desired.patch(patch(), NOW).version).toBe(NOW + 52);
});

test('a file of the version before is read, with the times of changes or without', () => {
  const path = join(folder, 'desired.json');
  const hosts = { h: { version: 7, paused: true } };
  writeFileSync(
    path,
    JSON.stringify({
      version: 9,
      fleet: { version: 9, emoji: 1, changed: { emoji: 9, color: 3 } },
      regions: {},
      hosts,
    }),
  );
  expect(desiredConfigStore(path).state).toEqual({
    ...{ version: 9, fleet: { version: 9, emoji: 1 }, regions: {}, hosts },
  });
});

test('a proxy that lost its state knows it as soon as a sensor has reported, and its versions begin above', () => {
  const path = join(folder, 'desired.json');
  const before = desiredConfigStore(path).patch(patch({ set: { emoji: 1 } }), NOW + 60_000).version;
  rmSync(path);
  const after = desiredConfigStore(path);
  expect(after.lost).toBeUndefined();
  for (const version of [0, before, before - 1, Number.NaN, 9e15, before + 0.5]) after.recordReportedVersion(version);
  // A version that only this proxy could have given since it started, and has not: it is forged.
  after.recordReportedVersion(Date.now() + 3_600_000);
  expect([after.lost, after.newestKnown, after.version]).toEqual([before, before, 0]);
  // The clock is a minute behind what the sensors have.
  expect(after.patch(patch({ set: { emoji: 2 } }), NOW).version).toBe(before + 1);
  expect(after.lost).toBeUndefined();
});

test.each(['', '{', '[]', '{"version":1}'])('a file that holds %j is not thrown away, but named', (text) => {
  const path = join(folder, 'desired.json');
  writeFileSync(path, text);
  expect(() => desiredConfigStore(path)).toThrow(
    expect.objectContaining({
      ...{ code: 'STATE_UNREADABLE', message: expect.stringContaining(path), cause: expect.any(Error) },
      hint: expect.stringContaining('--replace'),
    }),
  );
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('everything is there again after a restart, readable for its owner only', () => {
  const path = join(folder, 'new', 'desired.json');
  const desired = desiredConfigStore(path);
  desired.patch(patch({ set: { color: 'random', interval: 0.05 } }), NOW);
  desired.patch(patch({ scope: { region: 'eu' }, set: { paused: true, emoji: -1 } }), NOW);
  desired.patch(patch({ scope: { hostname: 'edge-eu-1' }, set: { random_off: true } }), NOW);
  desired.patch(patch({ scope: { region: 'eu' }, unset: ['paused'] }), NOW);
  const again = desiredConfigStore(path);
  expect(again.state).toEqual(desired.state);
  expect(effectiveConfig(again.state, 'eu', 'edge-eu-1')).toEqual({
    ...{ version: NOW + 3, color: 'random', interval: 0.05, emoji: -1, random_off: true },
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a change that could not be kept is not in force', () => {
  const desired = desiredConfigStore(join(folder, 'desired.json'));
  desired.patch(patch({ set: { emoji: 1 } }), NOW);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  const newer = { ...desired.state, version: NOW + 1 };
  for (const write of [() => desired.patch(patch({ set: { emoji: 2 } }), NOW), () => desired.takeOver(newer)]) {
    expect(write).toThrow(
      expect.objectContaining({
        ...{ code: 'STATE_UNWRITABLE', fault: 'system', message: expect.stringContaining(folder) },
        cause: expect.objectContaining({ code: expect.any(String) }),
      }),
    );
    expect(desired.state).toMatchObject({ version: NOW, fleet: { version: NOW, emoji: 1 } });
  }
});

test('versions end where sensors stop to read them', () => {
  const desired = desiredConfigStore();
  desired.takeOver({ version: MAX_VERSION, fleet: { version: MAX_VERSION }, regions: {}, hosts: {} });
  expect(desired.patch(patch({ set: { emoji: 1 } }), NOW).version).toBe(MAX_VERSION);
});

test('one that starts without a state waits for what its sensors have, one that has its state does not', async () => {
  vi.useFakeTimers();
  const path = join(folder, 'desired.json');
  const waited = async (desired: DesiredConfigStore) => {
    const from = Date.now();
    let at: number | undefined;
    void desired.waitForAllReports().then(() => (at = Date.now() - from));
    await vi.advanceTimersByTimeAsync(20_000);
    return at;
  };
  const first = desiredConfigStore(path);
  await vi.advanceTimersByTimeAsync(1000);
  // The clock is set back by an hour meanwhile.
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(await waited(first)).toBe(10_000);
  expect(await waited(first)).toBe(0);
  expect(await waited(desiredConfigStore())).toBe(0);
  first.patch(patch({ set: { emoji: 1 } }), NOW);
  expect(await waited(desiredConfigStore(path))).toBe(0);
});
