import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../lib/process/process-id.js';
import {
  claimRunState,
  clearRunState,
  quarantineDamagedState,
  type RunState,
  readRunState,
  writeRunState,
} from './run-state.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-state-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const up = identify('up', process.pid)!;
const state: RunState = {
  up,
  began: 1_750_000_000_000,
  kind: 'native',
  phase: 'ready',
  control: 'http://127.0.0.1:1',
  endpoints: { proxy: 'http://127.0.0.1:2', puller: 'http://127.0.0.1:3', webUi: 'http://127.0.0.1:4' },
  tlsCa: '/ca.pem',
  connection: { anything: [1, null] },
  settings: { nodes: 1 },
  children: [up],
};
const file = () => join(folder, 'run.json');

test('a state is read as it was written, and only its own `up` clears it', () => {
  expect(readRunState(folder)).toBeUndefined();
  writeRunState(folder, state);
  expect(readRunState(folder)).toEqual({ ...state, alive: true });
  expect(quarantineDamagedState(folder)).toBeUndefined();
  clearRunState(folder, { ...up, started: 'long ago' });
  expect(existsSync(file())).toBe(true);
  clearRunState(folder, up);
  expect(existsSync(file())).toBe(false);
  expect(quarantineDamagedState(folder)).toBeUndefined();
});

test('of two `up`s that start at once one may run, and its state stays', () => {
  expect(claimRunState(folder, { ...state, control: 'http://first' })).toBe(true);
  expect(claimRunState(folder, { ...state, control: 'http://second' })).toBe(false);
  expect(readRunState(folder)).toMatchObject({ control: 'http://first', alive: true });
  expect(readdirSync(folder)).toEqual(['run.json']);
  clearRunState(folder, up);
  expect(claimRunState(folder, state)).toBe(true);
});

test('a damaged state is nobody’s to claim', () => {
  writeFileSync(file(), '{');
  expect(claimRunState(folder, state)).toBe(false);
  expect(readFileSync(file(), 'utf8')).toBe('{');
});

test.each(
  [
    ['', 'null', '{}', '[]', '"x"', 'garbage', '\u0000\u0001', '{"up":{"pid":"x"}}'],
    [JSON.stringify({ ...state, children: [{ ...up, pid: -1 }] })],
    [JSON.stringify(state).slice(0, -9)],
  ].flat(),
)('a file that holds %j is named as damaged, and quarantined', (text) => {
  writeFileSync(file(), text);
  expect(() => readRunState(folder)).toThrow(
    expect.objectContaining({
      code: 'STATE_DAMAGED',
      message: expect.stringContaining(file()),
      hint: expect.stringContaining('down'),
    }),
  );
  clearRunState(folder, up);
  const aside = quarantineDamagedState(folder)!;
  expect(readdirSync(folder)).toEqual(['run.json.damaged']);
  expect(readFileSync(aside, 'utf8')).toBe(text);
  expect(readRunState(folder)).toBeUndefined();
});

test('on disk the kind is `network` and the connection `facts`, as earlier versions wrote and read them', () => {
  writeRunState(folder, state);
  const { kind, connection, ...rest } = state;
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ ...rest, network: kind, facts: connection });
  expect(Object.keys(JSON.parse(readFileSync(file(), 'utf8'))).slice(0, 4)).toEqual([
    'up',
    'began',
    'network',
    'phase',
  ]);
});

test('a kind of network that this program does not know is damage', () => {
  writeFileSync(file(), JSON.stringify({ ...state, network: 'moon', facts: {} }));
  expect(() => readRunState(folder)).toThrow(expect.objectContaining({ code: 'STATE_DAMAGED' }));
});

test('of two that claim at the same time one has it', () => {
  expect([claimRunState(folder, state), claimRunState(folder, { ...state, began: 2 })]).toEqual([true, false]);
  expect(readRunState(folder)?.began).toBe(state.began);
});

test('an `up` whose pid now belongs to another process is dead', () => {
  writeRunState(folder, { ...state, up: { ...up, started: 'long ago' } });
  expect(readRunState(folder)?.alive).toBe(false);
});
