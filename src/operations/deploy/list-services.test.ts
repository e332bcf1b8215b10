import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../../lib/process/process-id.js';
import { writeRunState } from '../../runtime/run-state.js';
import { listServices } from './list-services.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'list-services-'));
  mkdirSync(join(dir, 'logs'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const BEGAN = 1_700_000_000_000;

function state(up = identify('up', process.pid)!): void {
  writeRunState(dir, {
    ...{
      up,
      began: BEGAN,
      kind: 'embedded',
      phase: 'ready',
      control: 'http://127.0.0.1:1',
      connection: {},
      settings: {},
    },
    endpoints: { proxy: 'http://127.0.0.1:2', puller: 'http://127.0.0.1:3' },
    children: [{ name: 'proxy', pid: 7, started: 'x' }],
  });
}

function log(name: string, text: string, at = BEGAN + 1000): void {
  const file = join(dir, 'logs', `${name}.log`);
  writeFileSync(file, text);
  utimesSync(file, at / 1000, at / 1000);
}

test('processes, addresses without a process here, and what has logged and does not run', () => {
  state();
  log('proxy', 'running');
  log('sensors', 'exited');
  log('node-us-1', 'of an earlier network', BEGAN - 1000);
  expect(listServices(dir)).toEqual([
    { name: 'up', pid: process.pid, stopped: false },
    { name: 'proxy', pid: 7, url: 'http://127.0.0.1:2', stopped: false },
    { name: 'puller', url: 'http://127.0.0.1:3', stopped: false },
    { name: 'sensors', stopped: true },
  ]);
});

test('nothing runs here: no state, or that of an `up` that was killed', () => {
  expect(listServices(dir)).toEqual([]);
  state({ name: 'up', pid: process.pid, started: 'another process' });
  expect(listServices(dir)).toEqual([]);
});

test('what logs elsewhere, such as a container, is last', () => {
  state();
  expect(listServices(dir, ['proxy', 'sqs-proxy']).at(-1)).toEqual({ name: 'sqs-proxy', stopped: false });
});
