import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findingsOf } from '../test/support/doctor-context.js';
import type { Part } from './check.js';
import { secretFiles, stateFiles, stateFolder } from './checks/state.js';

const isRoot = process.getuid?.() === 0;
let folder: string;
let stateDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  stateDir = join(folder, '.wasm-sensors');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const make = (mode = 0o700) => mkdirSync(stateDir, { mode });
const write = (name: string, text: string, mode = 0o600) => {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(stateDir, name), text);
  chmodSync(join(stateDir, name), mode);
};
const look = (part: Part) => findingsOf(part, folder);

/** Repairs what a part finds, and looks again. */
async function repaired(part: Part) {
  const done: string[] = [];
  for (const { repair } of await look(part)) if (repair) done.push(await repair());
  return { done, after: await look(part) };
}

test('a state folder of this user, or none', async () => {
  expect(await look(stateFolder)).toMatchObject([{ status: 'ok' }]);
  make();
  expect(await look(stateFolder)).toEqual([{ status: 'ok', why: stateDir }]);
});

test('a file where the folder should be, or above it', async () => {
  writeFileSync(stateDir, '');
  expect(await look(stateFolder)).toMatchObject([{ status: 'failure', why: expect.stringContaining('is a file') }]);
  expect(await findingsOf(stateFolder, folder, { stateDir: join(stateDir, 'below') })).toMatchObject([
    { status: 'failure', why: expect.stringContaining(`${stateDir} is a file`) },
  ]);
});

test('a folder that others can read is closed by --fix', async () => {
  make();
  chmodSync(stateDir, 0o755);
  expect(await look(stateFolder)).toMatchObject([{ status: 'warning', fix: expect.stringContaining('chmod 700') }]);
  expect(await repaired(stateFolder)).toMatchObject({
    done: [`closed ${stateDir} to other users`],
    after: [{ status: 'ok' }],
  });
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
});

test('a folder that can not be written', async ({ skip }) => {
  skip(isRoot, 'root writes everywhere');
  make();
  chmodSync(stateDir, 0o500);
  expect(await look(stateFolder)).toMatchObject([{ status: 'failure', fix: expect.stringContaining('chmod u+rwx') }]);
});

test('good files, and none', async () => {
  expect(await look(stateFiles)).toMatchObject([{ status: 'skipped' }]);
  write('revoked-sensors.json', '[]');
  expect(await look(stateFiles)).toEqual([{ status: 'ok', why: 'no file is damaged' }]);
});

test('a damaged run.json is moved away by --fix', async () => {
  write('run.json', '{');
  expect(await look(stateFiles)).toMatchObject([
    { status: 'failure', code: 'STATE_DAMAGED', fix: expect.stringContaining('doctor --fix') },
  ]);
  expect(await repaired(stateFiles)).toMatchObject({
    done: [expect.stringContaining('run.json.damaged')],
    after: [{ status: 'ok' }],
  });
  expect(readdirSync(stateDir)).toEqual(['run.json.damaged']);
});

test.each(['desired.json', 'revoked-sensors.json'])(
  'a damaged %s stays where it is: its content may be worth saving',
  async (name) => {
    write(name, '{');
    expect(await look(stateFiles)).toMatchObject([{ status: 'failure', code: 'STATE_UNREADABLE' }]);
    expect(await repaired(stateFiles)).toMatchObject({ done: [] });
    expect(readdirSync(stateDir)).toEqual([name]);
  },
);

test('tokens that only this user can read', async () => {
  write('token', 'secret');
  write('sensor-key', 'k'.repeat(32));
  expect(await look(secretFiles)).toMatchObject([{ status: 'ok' }]);
});

test.each(['token', 'sensor-key'])('a %s that others can read is closed by --fix', async (name) => {
  write(name, 'k'.repeat(32), 0o644);
  expect(await look(secretFiles)).toMatchObject([{ status: 'warning', fix: expect.stringContaining('chmod 600') }]);
  expect(await repaired(secretFiles)).toMatchObject({ after: [{ status: 'ok' }] });
  expect(statSync(join(stateDir, name)).mode & 0o777).toBe(0o600);
});

test('a token that others can write may be theirs: --fix does not make it trusted', async () => {
  write('token', 'secret', 0o622);
  expect(await look(secretFiles)).toMatchObject([{ status: 'failure', code: 'TOKEN_WRITABLE' }]);
  expect(await repaired(secretFiles)).toMatchObject({ done: [] });
});

test('a damaged token, and a damaged key', async () => {
  write('token', 'a\u0000b');
  write('sensor-key', 'short');
  expect(await look(secretFiles)).toMatchObject([
    { status: 'failure', code: 'TOKEN_DAMAGED', fix: expect.stringContaining('Remove the file') },
    { status: 'failure', code: 'TOKEN_DAMAGED' },
  ]);
});

test.each([
  ['AWS_SECRET_ACCESS_KEY=x', 'warning'],
  ['export SENSOR_TOKEN=x', 'warning'],
  ['AWS_SECRET_ACCESS_KEY=\nWASM_SENSORS_NODES=3', 'ok'],
])('an .env that everybody can read with %j: %s', async (text, status) => {
  make();
  writeFileSync(join(folder, '.env'), text, { mode: 0o644 });
  const before = process.cwd();
  process.chdir(folder);
  try {
    expect(await look(secretFiles)).toMatchObject([{ status }]);
    // The file is the operator's, and others may need it.
    expect(await repaired(secretFiles)).toMatchObject({ done: [] });
  } finally {
    process.chdir(before);
  }
});
