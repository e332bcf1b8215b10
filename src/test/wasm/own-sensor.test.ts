/** A sensor of one's own, built from the example in docs/sdk.md: its values, its ring, its settings. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../lib/process/self-command.js';
import { buildSensor, refuseForeignImports } from '../../modules/build-sensor.js';
import { initSensor } from '../../modules/init-sensor.js';
import type { Reading } from '../../protocol/message.js';
import { parseReportedConfig, type ReportedConfig } from '../../protocol/sensor-config.js';
import { loadModule, type SensorModule } from '../../sensor-host/guest/sensor-module.js';
import type { HttpTransport } from '../../sensor-host/guest/transport.js';
import type { RunningGuest } from '../../sensor-host/guest/wasi-guest.js';
import { SensorHost } from '../../sensor-host/sensor-host.js';
import { TestClock } from '../support/sensor-clock.js';
import { tinyModule } from '../support/tiny-module.js';

const folder = mkdtempSync(join(tmpdir(), 'own-sensor-'));
const sensorFolder = join(folder, 'thermometer');
const page = readFileSync(join(packageRoot, 'docs/sdk.md'), 'utf8');
const examples = (language: string) =>
  [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, one]) => one === language).map(([, , code]) => code!);

let bytes = 0;
let sensorModule: SensorModule;
let memory: WebAssembly.Memory;
beforeAll(async () => {
  await initSensor(sensorFolder, 'assemblyscript');
  const [, example = ''] = examples('ts');
  writeFileSync(join(sensorFolder, 'index.ts'), example);
  const built = await buildSensor({ folder: sensorFolder, outDir: folder });
  bytes = built.bytes;
  const module = (await loadModule(built.path)) as SensorModule;
  sensorModule = {
    name: 'thermometer',
    instantiate(imports) {
      const instance = module.instantiate(imports);
      memory = instance.exports.memory as WebAssembly.Memory;
      return instance;
    },
  };
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

// Everything on the module's side is the real thing: the thermometer and the proxy answer as the test says.
let clock: TestClock;
let host: SensorHost;
let guest: RunningGuest;
let temperature: () => string;
let config: object | undefined;
let down: boolean;
let readings: Reading[];
let reported: ReportedConfig | undefined;
beforeEach(() => {
  clock = new TestClock();
  [temperature, config, down, readings, reported] = [() => '21.5', undefined, false, [], undefined];
  const answer = (url: string, headers: string[], body: Uint8Array | undefined) => {
    if (url.endsWith(':8000/temperature')) return temperature();
    if (down) return undefined;
    reported = parseReportedConfig(headers[headers.findIndex((name) => /^x-sensor-config$/i.test(name)) + 1]);
    if (body?.length) readings.push(...[JSON.parse(Buffer.from(body).toString())].flat());
    return JSON.stringify({ status: 'accepted', accepted: 1, ...(config && { config }) });
  };
  const transport: HttpTransport = {
    send(request, done) {
      const { url, headers, body } = request;
      const text = answer(url.href, headers, body);
      const result = { result: 0, status: 200, headers: '', body: Buffer.from(text ?? '') } as const;
      return clock.after(0, () => done(text === undefined ? { result: 2 } : result));
    },
    close: async () => {},
  };
  host = new SensorHost({ clock, transport });
});
afterEach(() => host.close());

function start(interval: string): void {
  const args = ['--proxy=http://proxy', `--interval=${interval}`];
  guest = host.start(sensorModule, {
    args,
    env: { HOSTNAME: 'edge-eu-1', BACALHAU_EXECUTION_ID: 'e-1' },
    region: 'eu',
  });
}

const valuesOf = (name: string) => readings.map(({ values }) => values?.[name]);

test('the examples are the templates, or they are built here; all have the types that editors show', async () => {
  const template = (file: string) => readFileSync(join(packageRoot, 'templates/sensors', file), 'utf8');
  const [first, ...others] = examples('ts');
  expect(first).toBe(template('assemblyscript/index.ts'));
  expect(others).toHaveLength(1);
  expect(examples('go')).toEqual([template('go/main.go')]);
  expect(examples('c')).toEqual([template('c/main.c')]);
  // What `npm install` puts there.
  symlinkSync(join(packageRoot, 'node_modules'), join(sensorFolder, 'node_modules'), 'junction');
  writeFileSync(join(sensorFolder, 'first.ts'), first!);
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', sensorFolder]);
  writeFileSync(join(sensorFolder, 'wrong.ts'), first!.replace("'temperature'", '5'));
  await expect(promisify(execFile)(process.execPath, [compiler, '-p', sensorFolder])).rejects.toMatchObject({
    stdout: expect.stringMatching(/wrong\.ts.*not assignable/),
  });
});

test('stays small, in its file and in memory, and measures with each reading', () => {
  expect(bytes).toBeLessThan(48_000);
  let degrees = 0;
  temperature = () => {
    degrees += 0.25;
    return String(degrees);
  };
  start('0.05');
  for (let i = 0; i < 100; i++) clock.run(10_000);
  expect(readings.length).toBeGreaterThan(19_000);
  // The mean of four looks at the thermometer, each a quarter of a degree higher.
  expect(valuesOf('temperature').slice(0, 3)).toEqual([0.625, 1.625, 2.625]);
  expect(readings[0]!.values).toEqual({ temperature: 0.625, hour: Math.floor(clock.epoch / 3_600_000), too_warm: 0 });
  expect(memory.buffer.byteLength).toBe(2 * 65_536);
});

test('readings that wait through an outage keep the values of their time, and arrive in order', () => {
  start('1');
  clock.run(5000);
  down = true;
  temperature = () => String(100 + Math.floor(clock.time / 1000));
  clock.run(60_000);
  down = false;
  temperature = () => '0';
  clock.run(10_000);
  expect(readings.map(({ sequence }) => sequence)).toEqual(readings.map((_, i) => i + 1));
  const during = readings.filter(({ values }) => values!.temperature! > 100);
  expect(during.length).toBeGreaterThanOrEqual(59);
  const second = ({ timestamp }: Reading) => Math.floor((Date.parse(timestamp) - clock.epoch) / 1000);
  expect(during.map(({ values }) => values!.temperature)).toEqual(during.map((one) => 100 + second(one)));
});

test('a full ring drops the oldest readings: 1,365 with three values fit', () => {
  start('0.05');
  clock.run(1000);
  down = true;
  clock.run(100_000);
  readings = [];
  down = false;
  clock.run(20_000);
  const sequences = readings.map(({ sequence }) => sequence);
  const gap = sequences.findIndex((sequence, i) => i > 0 && sequence !== sequences[i - 1]! + 1);
  expect(gap).toBe(-1);
  const inOutage = readings.filter(({ timestamp }) => Date.parse(timestamp) - clock.epoch < 101_000);
  // While the link came back some more were taken, each of which dropped one.
  expect(inOutage.length).toBeGreaterThan(1365 - 60);
  expect(inOutage.length).toBeLessThanOrEqual(1365);
  expect(readings.every(({ values }) => values!.temperature === 21.5)).toBe(true);
});

test('settings change live, are reported with their source and range, and fall back to their defaults', () => {
  start('1');
  clock.run(3000);
  expect(reported?.settings).toEqual({
    threshold: { value: 30, source: 'default', type: 'number', range: [-10, 100] },
    samples: { value: 4, source: 'default', type: 'integer', range: [1, 16] },
    alarm: { value: true, source: 'default', type: 'boolean' },
  });
  config = { version: 5, color: '#00ff88', 'settings.threshold': 20.5, 'settings.samples': 1, 'settings.other': 3 };
  clock.run(3000);
  expect(reported).toMatchObject({ version: 5, sources: { color: 'fleet' } });
  expect(reported?.settings).toMatchObject({
    threshold: { value: 20.5, source: 'fleet' },
    samples: { value: 1, source: 'fleet' },
    alarm: { value: true, source: 'default' },
  });
  expect(readings.at(-1)?.values).toMatchObject({ temperature: 21.5, too_warm: 1 });
  config = { version: 6, 'settings.alarm': false };
  clock.run(3000);
  expect(reported?.settings).toMatchObject({ threshold: { value: 30, source: 'default' }, alarm: { value: false } });
  expect(readings.at(-1)?.values).not.toHaveProperty('too_warm');
});

test.each([
  ['settings.threshold', 100.5, 'threshold', 30],
  ['settings.threshold', true, 'threshold', 30],
  ['settings.samples', 1.5, 'samples', 4],
  ['settings.alarm', 7, 'alarm', true],
])('%s=%j is refused: the value before stays, the rest of the configuration applies', (field, value, name, before) => {
  start('1');
  clock.run(2000);
  config = { version: 5, color: '#00ff88', [field]: value };
  clock.run(3000);
  expect(reported).toMatchObject({ version: 5, sources: { color: 'fleet' } });
  expect(reported?.settings?.[name]).toMatchObject({ value: before, source: 'refused' });
  expect(guest.lastLines).toContain(`refused, the fleet configuration has no value of setting ${name}`);
});

test('a value that is not finite is left out; lines of the log get rare', () => {
  temperature = () => 'nothing';
  start('1');
  clock.run(60_000);
  expect(readings.length).toBeGreaterThan(50);
  expect(valuesOf('temperature').every((value) => value === undefined)).toBe(true);
  expect(valuesOf('too_warm').every((value) => value === 0)).toBe(true);
  expect(guest.lastLines.at(-1)).toBe('left out, not a finite number: temperature (32 times)');
});

test('what needs a browser is named by the build', () => {
  expect(() =>
    refuseForeignImports('x', tinyModule({ imports: ['env console.log', 'wasi_snapshot_preview1 fd_write'] })),
  ).toThrow(expect.objectContaining({ code: 'COMPILE_FAILED', details: ['env.console.log'] }));
});
