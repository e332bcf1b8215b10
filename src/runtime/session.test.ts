import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import { identify } from '../lib/process/process-id.js';
import { type RunState, writeRunState } from './run-state.js';
import { openSession } from './session.js';

const folder = mkdtempSync(join(tmpdir(), 'session-'));
afterAll(() => rmSync(folder, { recursive: true }));

const state: RunState = {
  up: identify('up', process.pid)!,
  began: 1,
  kind: 'compose',
  phase: 'starting',
  control: 'http://127.0.0.1:1',
  endpoints: { proxy: 'http://127.0.0.1:2', puller: 'http://127.0.0.1:3' },
  connection: {},
  settings: {},
  children: [],
};
const open = () => openSession(loadSettings({ stateDir: folder }, folder, {}).values);

test('no network, one that starts, one that is ready, one whose `up` was killed', () => {
  expect(open).toThrow(expect.objectContaining({ code: 'NOT_UP' }));
  writeRunState(folder, state);
  expect(open).toThrow(
    expect.objectContaining({ code: 'STILL_STARTING', message: expect.stringContaining('starting') }),
  );
  writeRunState(folder, { ...state, phase: 'ready' });
  expect(open().state.endpoints.proxy).toBe('http://127.0.0.1:2');
  writeRunState(folder, { ...state, phase: 'ready', up: { ...state.up, started: 'long ago' } });
  expect(open).toThrow(/exited without cleaning up/);
});
