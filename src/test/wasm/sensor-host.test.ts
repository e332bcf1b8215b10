/** The sensor host with real publishers in it. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SensorHost } from '../../sensor-host/sensor-host.js';
import { testModule } from '../support/built-modules.js';
import { TestSensor } from '../support/test-sensor.js';

let sensors: TestSensor;
beforeEach(async () => {
  sensors = await TestSensor.prepare();
});
afterEach(() => sensors.close());

const start = (execution: string, ...args: string[]) =>
  sensors.start({ args, env: { BACALHAU_EXECUTION_ID: execution } });

describe('many guests in one process', () => {
  it('keep running when one of them traps or exits, which is reported with its last line', async () => {
    await start('e-1', '--interval', '1');
    await start('e-2', '--nonsense');
    expect(sensors.exit).toMatchObject({ kind: 'trap', message: 'unreachable' });
    expect(sensors.exit!.lastLine).toMatch(/^--nonsense: unknown flag/);
    await start('e-3', '--max-messages', '1');
    expect(sensors.exit).toMatchObject({ kind: 'exit', code: 0 });
    expect(sensors.host.stats().running).toBe(1);
    await sensors.clock.pass(5000);
    expect(sensors.proxy.readings.filter(({ execution_id }) => execution_id === 'e-1').length).toBeGreaterThan(4);
  });

  it('send nothing once stopped, not even what they were sending', async () => {
    await start('e-1', '--interval', '1');
    const { guest } = sensors;
    guest.stop();
    expect(guest.exit).toEqual({ kind: 'stopped' });
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

it('a hundred sensors at 0.2 s send 500 readings a second, each in order', async () => {
  for (let i = 0; i < 100; i++) await start(`e-${i}`, '--interval', '0.2');
  await sensors.clock.pass(1000);
  sensors.proxy.readings.length = 0;
  const sequences = new Map<string, number>();
  await sensors.clock.pass(2000);
  for (const { execution_id, sequence } of sensors.proxy.readings) {
    expect(sequence).toBe((sequences.get(execution_id) ?? sequence - 1) + 1);
    sequences.set(execution_id, sequence);
  }
  expect([sequences.size, sensors.proxy.readings.length]).toEqual([100, 1000]);
});

it('frees the memory of stopped guests when asked', { timeout: 60_000 }, async (context) => {
  if (process.platform !== 'linux') context.skip('memory mappings are counted in /proc');
  const mappings = async () => (await readFile('/proc/self/maps', 'utf8')).split('\n').length;
  const host = new SensorHost();
  const module = await testModule('publisher');
  const before = await mappings();
  const spec = { args: ['--proxy', 'http://127.0.0.1:9'], env: {}, region: 'us' };
  host.setLink('us', false);
  const guests = Array.from({ length: 1500 }, () => host.start(module, spec));
  // Counted while they run: once they have stopped, the engine may collect them by itself.
  const held = (await mappings()) - before;
  for (const guest of guests.splice(0)) guest.stop();
  await host.reclaim();
  expect(held).toBeGreaterThan(1500);
  expect(await mappings()).toBeLessThan(before + 300);
  await host.close();
});
