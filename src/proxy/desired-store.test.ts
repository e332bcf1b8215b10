import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Patch } from '../protocol/desired-config.js';
import { MAX_VERSION } from '../protocol/sensor-config.js';
import { DesiredConfig } from './desired-store.js';

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'desired-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const NOW = 1_750_000_000_000;
const patch = (over: Partial<Patch> = {}) => ({ scope: {}, set: {}, unset: [], ...over });

test('versions are Unix milliseconds, and grow also when the clock does not', () => {
  const desired = new DesiredConfig();
  const versions = [NOW, NOW, NOW - 60_000, NOW + 5].map((now) => desired.patch(patch(), now).version);
  expect(versions).toEqual([NOW, NOW + 1, NOW + 2, NOW + 5]);
  expect(desired.version).toBe(NOW + 5);
});

test('what another proxy holds is taken over where it is newer, and kept', () => {
  const path = join(folder, 'desired.json');
  const desired = new DesiredConfig(path);
  desired.patch(patch({ set: { emoji: 1 } }), NOW);
  desired.patch(patch({ scope: { region: 'eu' }, set: { emoji: 2 } }), NOW + 50);
  desired.merge({
    version: NOW + 100,
    fleet: { version: NOW + 100, color: '#111111' },
    regions: { eu: { version: NOW + 1, paused: true } },
    hosts: {},
  });
  // Nobody had both of these before, so they get a version of their own.
  const fleet = { version: NOW + 101, color: '#111111', emoji: 1, changed: { color: NOW + 100, emoji: NOW } };
  const eu = { version: NOW + 51, emoji: 2, paused: true, changed: { emoji: NOW + 50, paused: NOW + 1 } };
  expect(new DesiredConfig(path).state).toEqual({ version: NOW + 101, fleet, regions: { eu }, hosts: {} });
  expect(desired.patch(patch(), NOW).version).toBe(NOW + 102);
});

test('a proxy that lost its state knows it as soon as a sensor has reported, and its versions begin above', () => {
  const path = join(folder, 'desired.json');
  const before = new DesiredConfig(path).patch(patch({ set: { emoji: 1 } }), NOW + 60_000).version;
  rmSync(path);
  const after = new DesiredConfig(path);
  expect(after.lost).toBeUndefined();
  for (const version of [0, before, before - 1, Number.NaN, 9e15, before + 0.5]) after.hear(version);
  after.hear(NOW + 2 * 86_400_000, NOW);
  expect(after.lost).toBe(before);
  // The clock is a minute behind what the sensors have.
  expect(after.patch(patch({ set: { emoji: 2 } }), NOW).version).toBe(before + 1);
  expect(after.lost).toBeUndefined();
});

test.each(['', '{', '[]', '{"version":1}'])('a file that holds %j is not thrown away, but named', (text) => {
  const path = join(folder, 'desired.json');
  writeFileSync(path, text);
  expect(() => new DesiredConfig(path)).toThrow(
    expect.objectContaining({ code: 'STATE_UNREADABLE', message: expect.stringContaining(path) }),
  );
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('everything is there again after a restart, readable for its owner only', () => {
  const path = join(folder, 'new', 'desired.json');
  const desired = new DesiredConfig(path);
  desired.patch(patch({ set: { color: 'random', interval: 0.05 } }), NOW);
  desired.patch(patch({ scope: { region: 'eu' }, set: { paused: true, emoji: -1 } }), NOW);
  desired.patch(patch({ scope: { hostname: 'edge-eu-1' }, set: { random_off: true } }), NOW);
  desired.patch(patch({ scope: { region: 'eu' }, unset: ['paused'] }), NOW);
  const again = new DesiredConfig(path);
  expect(again.state).toEqual(desired.state);
  expect(again.effective('eu', 'edge-eu-1')).toEqual({
    ...{ version: NOW + 3, color: 'random', interval: 0.05, emoji: -1, random_off: true },
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a change that could not be kept is not in force', () => {
  const desired = new DesiredConfig(join(folder, 'desired.json'));
  desired.patch(patch({ set: { emoji: 1 } }), NOW);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  expect(() => desired.patch(patch({ set: { emoji: 2 } }), NOW)).toThrow();
  expect(desired.state.fleet).toEqual({ version: NOW, emoji: 1, changed: { emoji: NOW } });
});

test('versions end where sensors stop to read them', () => {
  const desired = new DesiredConfig();
  desired.merge({ version: MAX_VERSION, fleet: { version: MAX_VERSION }, regions: {}, hosts: {} });
  expect(desired.patch(patch({ set: { emoji: 1 } }), NOW).version).toBe(MAX_VERSION);
});

test('one that begins with nothing waits for what its sensors have, one that has its state does not', async () => {
  const path = join(folder, 'desired.json');
  const began = Date.now();
  const waited = async (desired: DesiredConfig) => {
    await desired.heardAll();
    return Date.now() - began;
  };
  const first = new DesiredConfig(path, 150);
  expect(await waited(first)).toBeGreaterThanOrEqual(149);
  first.patch(patch({ set: { emoji: 1 } }), NOW);
  expect(await waited(new DesiredConfig(path, 60_000))).toBeLessThan(10_000);
});

/** A process can't run TypeScript, and a build may be old: what is needed is translated here. */
function translate(): string {
  const source = fileURLToPath(new URL('..', import.meta.url));
  symlinkSync(join(source, '..', 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of [
    'proxy/desired-store',
    'protocol/desired-config',
    'protocol/clock-skew',
    'protocol/sensor-config',
    'lib/errors/app-error',
    'lib/fs/durable-files',
  ]) {
    const target = join(folder, 'src', `${name}.js`);
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    mkdirSync(dirname(target), { recursive: true });
    const text = readFileSync(join(source, `${name}.ts`), 'utf8');
    writeFileSync(target, ts.transpileModule(text, { compilerOptions }).outputText);
  }
  const main = join(folder, 'main.js');
  writeFileSync(
    main,
    `import { DesiredConfig } from './src/proxy/desired-store.js';
     const desired = new DesiredConfig(process.argv[2]);
     for (let i = 0; ; i++) {
       const scope = { hostname: 'edge-' + (i % 500) };
       const { version } = desired.patch({ scope, set: { emoji: i % 16 }, unset: [] }, Date.now());
       if (!process.send({ version, i })) await new Promise(setImmediate);
     }`,
  );
  return main;
}

test('what was acknowledged survives kill -9 at any moment, and the file is always whole', async () => {
  const main = translate();
  const path = join(folder, 'desired.json');
  let version = 0;
  for (let round = 0; round < 4; round++) {
    child = fork(main, [path]);
    let last = { version: 0, i: -1 };
    child.on('message', (message: typeof last) => {
      last = message;
      if (message.i === 50 + round * 37) child?.kill('SIGKILL');
    });
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGKILL');
    const kept = new DesiredConfig(path);
    expect(last.version).toBeGreaterThan(version);
    expect(kept.version).toBeGreaterThanOrEqual(last.version);
    // Whatever was written after the last answer that was heard, this change is in it, or a newer one of this host.
    expect(kept.state.hosts[`edge-${last.i % 500}`]?.version).toBeGreaterThanOrEqual(last.version);
    version = kept.version;
  }
});
