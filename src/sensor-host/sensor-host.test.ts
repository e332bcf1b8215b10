import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testModule, testModulePath } from '../test/support/built-modules.js';
import { TestSensor } from '../test/support/test-sensor.js';
import { createSensorHost, type SensorHost } from './sensor-host.js';
import { compileModule, loadModule } from './sensor-module.js';

let sensors: TestSensor;
beforeEach(async () => {
  sensors = await TestSensor.prepare();
});
afterEach(() => sensors.close());

const start = (execution: string, ...args: string[]) =>
  sensors.start({ args, env: { BACALHAU_EXECUTION_ID: execution } });

describe('many guests in one process', () => {
  it('run on when one of them traps or ends, which is reported with its last words', async () => {
    await start('e-1', '--interval', '1');
    await start('e-2', '--nonsense');
    expect(sensors.end).toMatchObject({ kind: 'trap', message: 'unreachable' });
    expect(sensors.end!.lastLine).toMatch(/^--nonsense: no such flag/);
    await start('e-3', '--max-messages', '1');
    expect(sensors.end).toMatchObject({ kind: 'exit', code: 0 });
    expect(sensors.host.stats().running).toBe(1);
    await sensors.clock.pass(5000);
    expect(sensors.proxy.readings.filter(({ execution_id }) => execution_id === 'e-1').length).toBeGreaterThan(4);
  });

  it('send nothing once stopped, not even what they were sending', async () => {
    await start('e-1', '--interval', '1');
    const { guest } = sensors;
    guest.stop();
    expect(guest.end).toEqual({ kind: 'stopped' });
    const before = sensors.proxy.requests.length;
    await sensors.clock.pass(10_000);
    expect(sensors.proxy.requests.length).toBe(before);
    expect(sensors.host.stats().running).toBe(0);
  });

  it('keep their readings while their link is cut, in flight requests included', async () => {
    sensors.proxy.answer = () => 'hang';
    await start('e-1', '--interval', '1');
    expect(sensors.proxy.held).toBe(1);
    sensors.host.setLink('eu', false);
    sensors.proxy.answer = () => ({});
    await sensors.clock.pass(5000);
    expect(sensors.proxy.readings).toEqual([]);
    expect(sensors.host.isConnected('eu')).toBe(false);
    expect(sensors.host.isConnected('us')).toBe(true);
    sensors.host.setLink('eu', true);
    await sensors.clock.pass(5000);
    expect(sensors.proxy.sequences).toEqual(sensors.proxy.sequences.map((_, i) => i + 1));
    expect(sensors.proxy.sequences.length).toBeGreaterThan(8);
  });
});

describe('in real time', () => {
  let host: SensorHost;
  beforeEach(() => {
    host = createSensorHost();
  });
  afterEach(() => host.close());

  it('a hundred sensors at 0.2 s send 500 readings a second, each in order', async () => {
    const module = await testModule('publisher');
    const args = ['--proxy', sensors.proxy.url, '--interval', '0.2'];
    for (let i = 0; i < 100; i++) host.start(module, { args, env: { BACALHAU_EXECUTION_ID: `e-${i}` }, region: 'us' });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const sequences = new Map<string, number>();
    for (const { execution_id, sequence } of sensors.proxy.readings) {
      expect(sequence).toBe((sequences.get(execution_id) ?? 0) + 1);
      sequences.set(execution_id, sequence);
    }
    expect(sequences.size).toBe(100);
    expect(sensors.proxy.readings.length).toBeGreaterThan(600);
    expect(sensors.proxy.readings.length).toBeLessThan(1200);
  });
});

describe('a module', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'host-module-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('that cannot wait here is refused clearly', async () => {
    // (module (func (export "_start")))
    const plain = Buffer.from('0061736d01000000010401600000030201000', 'hex');
    const withStart = Buffer.concat([
      plain,
      Buffer.from('070a01065f7374617274000000'.slice(0, 24), 'hex'),
      Buffer.from('0a040102000b', 'hex'),
    ]);
    await expect(compileModule('foreign.wasm', withStart)).rejects.toMatchObject({
      code: 'MODULE_NOT_SUSPENDABLE',
      message: expect.stringContaining('foreign.wasm'),
      hint: expect.stringContaining('Asyncify'),
    });
  });

  it('that is none, or not there, is refused', async () => {
    await writeFile(join(dir, 'x.wasm'), (await readFile(await testModulePath('publisher'))).subarray(0, 5000));
    await expect(loadModule(join(dir, 'x.wasm'))).rejects.toMatchObject({ code: 'MODULE_INVALID' });
    await expect(loadModule(join(dir, 'y.wasm'))).rejects.toMatchObject({ code: 'MODULE_UNREADABLE' });
  });
});

describe('a process that is full', () => {
  const full = { code: 'HOST_FULL', hint: expect.stringContaining('--disable-wasm-trap-handler') };

  it('by its address space says so and how to go on', async () => {
    const { Instance } = WebAssembly;
    const host = createSensorHost();
    const module = await testModule('publisher');
    WebAssembly.Instance = class {
      constructor() {
        throw new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
      }
    } as unknown as typeof Instance;
    try {
      expect(() => host.start(module, { args: [], env: {}, region: 'us' })).toThrow(expect.objectContaining(full));
    } finally {
      WebAssembly.Instance = Instance;
      await host.close();
    }
  });

  it('by its memory mappings says so before the system ends it', async () => {
    const host = createSensorHost({ maxGuests: 1 });
    const spec = { args: ['--proxy', sensors.proxy.url], env: {}, region: 'us' };
    const module = await testModule('publisher');
    host.start(module, spec).stop();
    host.start(module, spec);
    expect(() => host.start(module, spec)).toThrow(expect.objectContaining(full));
    await host.close();
  });
});

it('gives back the memory of ended guests when asked', { timeout: 60_000 }, async (context) => {
  if (process.platform !== 'linux') context.skip('memory mappings are counted in /proc');
  const mappings = async () => (await readFile('/proc/self/maps', 'utf8')).split('\n').length;
  const host = createSensorHost();
  const module = await testModule('publisher');
  const before = await mappings();
  const spec = { args: ['--proxy', 'http://127.0.0.1:9'], env: {}, region: 'us' };
  host.setLink('us', false);
  const guests = Array.from({ length: 1500 }, () => host.start(module, spec));
  // Counted while they run: once they have ended, a collection of the engine's own may come first.
  const held = (await mappings()) - before;
  for (const guest of guests.splice(0)) guest.stop();
  await host.reclaim();
  expect(held).toBeGreaterThan(1500);
  expect(await mappings()).toBeLessThan(before + 300);
  await host.close();
});
