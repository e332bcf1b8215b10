/** What an `up` that was killed left: its processes, and what its kind of network says. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { identify } from '../lib/process/process-id.js';
import type { NetworkProvider } from '../network/provider.js';
import { ENDED_NETWORK } from '../puller/ended-network.js';
import { registerProvider } from '../test/support/register-provider.js';
import { removeNetworkData, removeOrphans } from './orphans.js';
import { type RunState, readRunState, writeRunState } from './run-state.js';

let stateDir: string;
let asked: string[];
let restore: (() => void)[];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'orphans-'));
  asked = [];
  restore = ['embedded', 'native', 'compose', 'remote'].map((kind) => registerProvider(kind, async () => fake(kind)));
});
afterEach(() => {
  rmSync(stateDir, { recursive: true });
  for (const undo of restore) undo();
});

const fake = (kind: string) =>
  ({
    kind,
    capabilities: kind === 'remote' ? { sensorsOutliveUp: true } : {},
    connectionSchema: z.object({ name: z.string() }),
    async cleanUp(folder: string) {
      asked.push(kind);
      return { removed: [`${kind} in ${folder}`], kept: kind === 'compose' ? ['a network'] : [] };
    },
    ...(kind === 'compose' ? { removeData: async () => ({ removed: ['a volume'], kept: [] }) } : {}),
  }) as unknown as NetworkProvider;

const state = (kind: string, over: Partial<RunState> = {}): RunState => ({
  up: { name: 'up', pid: process.pid, started: 'long ago' },
  ...{ began: 1, kind, phase: 'ready', control: '', endpoints: { proxy: '', puller: '' } },
  ...{ connection: { name: 'x' }, settings: {}, children: [] },
  ...over,
});

test('only the network of the last `up` is asked, and its state goes', async () => {
  writeRunState(stateDir, state('native'));
  expect(await removeOrphans(stateDir)).toEqual({ removed: [`native in ${stateDir}`], kept: [] });
  expect(readRunState(stateDir)).toBeUndefined();
  expect(existsSync(join(stateDir, ENDED_NETWORK))).toBe(true);
  expect(await removeOrphans(stateDir)).toEqual({ removed: [], kept: [] });
  expect(asked).toEqual(['native']);
});

test('sensors that outlive `up` are not marked as stopped', async () => {
  writeRunState(stateDir, state('remote'));
  await removeOrphans(stateDir);
  expect(existsSync(join(stateDir, ENDED_NETWORK))).toBe(false);
});

test('where nothing is known, every kind of network is asked', async () => {
  const { removed, kept } = await removeOrphans(stateDir, { everyKind: true });
  expect(asked.sort()).toEqual(['compose', 'embedded', 'native', 'remote']);
  expect([removed.length, kept]).toEqual([4, ['a network']]);
  expect(existsSync(join(stateDir, ENDED_NETWORK))).toBe(false);
});

test('an `up` that runs is left alone', async () => {
  writeRunState(stateDir, state('native', { up: identify('up', process.pid)! }));
  await expect(removeOrphans(stateDir)).rejects.toMatchObject({ code: 'ALREADY_UP' });
  await expect(removeOrphans(stateDir, { everyKind: true })).rejects.toMatchObject({ code: 'ALREADY_UP' });
  expect([asked, readRunState(stateDir)?.alive]).toEqual([[], true]);
});

test('data are removed by the networks that keep some', async () => {
  expect(await removeNetworkData(stateDir)).toEqual({ removed: ['a volume'], kept: [] });
});
