/** What the publisher measures: its profiles and their anomalies. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MeasuredValues } from '../../protocol/measured-values.js';
import { findFieldProblem, type Message } from '../../protocol/message.js';
import { TestSensor } from '../support/test-sensor.js';

let sensor: TestSensor;
beforeEach(async () => {
  sensor = await TestSensor.prepare();
});
afterEach(() => sensor.close());

const measured = () => sensor.proxy.readings.map((reading) => (reading as unknown as Message).values as MeasuredValues);
const byTime = () => new Map(sensor.proxy.readings.map(({ timestamp }, i) => [timestamp, measured()[i]]));

describe.each([
  ['cold-chain', { temperature: [-10, 20], humidity: [30, 100], battery: [30, 100] }],
  ['weather', { temperature: [-10, 45], humidity: [0, 100], pressure: [950, 1060], wind_speed: [0, 40] }],
  ['machine', { temperature: [30, 110], vibration: [0, 12], rotation_speed: [1000, 1520], power: [3, 15] }],
] as const)('the profile %s', (profile, ranges) => {
  it('measures plausible values that the proxy accepts', async () => {
    await sensor.start({ args: ['--profile', profile, '--anomalies=20%', '--interval=300'] });
    await sensor.clock.pass(86_400_000);
    expect(measured().length).toBeGreaterThan(280);
    for (const reading of sensor.proxy.readings) expect(findFieldProblem({ ...reading })).toBeUndefined();
    for (const [name, [low, high]] of Object.entries(ranges)) {
      const values = measured().map((all) => all[name]!);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      // Nothing stands still for a day.
      expect(new Set(values).size).toBeGreaterThan(20);
    }
    expect(Object.keys(measured()[0]!)).toEqual(Object.keys(ranges));
  });

  it('moves smoothly where there are no anomalies', async () => {
    await sensor.start({ args: ['--profile', profile, '--interval=1'] });
    await sensor.clock.pass(600_000);
    for (const [name, [low, high]] of Object.entries(ranges)) {
      const values = measured().map((all) => all[name]!);
      const steps = values.slice(1).map((value, i) => Math.abs(value - values[i]!));
      expect(Math.max(...steps)).toBeLessThan((high - low) / 50);
    }
  });
});

describe('values', () => {
  it('are a function of host and time: those that waited for the proxy are those of a sensor that was never cut off', async () => {
    const args = ['--profile=cold-chain', '--anomalies=50', '--interval=1'];
    await sensor.start({ args });
    await sensor.clock.pass(120_000);
    const undisturbed = byTime();
    await sensor.close();
    sensor = await TestSensor.prepare();
    sensor.proxy.answer = () => ({ status: sensor.clock.time < 60_000 ? 503 : 200 });
    await sensor.start({ args });
    await sensor.clock.pass(120_000);
    const caughtUp = byTime();
    const common = [...caughtUp.keys()].filter((time) => undisturbed.has(time));
    expect(common.length).toBeGreaterThan(100);
    for (const time of common) expect(caughtUp.get(time)).toEqual(undisturbed.get(time));
  });

  it('differ between hosts', async () => {
    await sensor.start({ args: ['--profile=weather'], env: { HOSTNAME: 'a' } });
    await sensor.start({ args: ['--profile=weather'], env: { HOSTNAME: 'b' } });
    expect(measured()[0]).not.toEqual(measured()[1]);
  });

  it('have anomalies in the given share of the time', async () => {
    const run = async (share: string) => {
      await sensor.close();
      sensor = await TestSensor.prepare();
      await sensor.start({ args: ['--profile=machine', `--anomalies=${share}`, '--interval=10'] });
      await sensor.clock.pass(100 * 60_000);
      return byTime();
    };
    const usual = await run('0');
    const some = await run('20%');
    const minutes = new Set<string>();
    for (const [time, values] of some) {
      if (usual.has(time) && JSON.stringify(usual.get(time)) !== JSON.stringify(values)) minutes.add(time.slice(0, 16));
    }
    expect(minutes.size).toBeGreaterThan(8);
    expect(minutes.size).toBeLessThan(35);
  });

  it.each([
    [['--profile=fridge'], /^--profile: unknown profile\. Use none, cold-chain, weather or machine/],
    [['--anomalies=101%'], /^--anomalies: invalid value\. Use a percentage from 0 to 100/],
    [['--anomalies=0.001'], /^--anomalies: invalid value/],
  ])('%j is refused', async (args, line) => {
    await sensor.start({ args });
    expect(sensor.exit?.lastLine).toMatch(line);
    expect(sensor.proxy.requests).toEqual([]);
  });

  it('are left out without a profile, and where the profile is empty or none', async () => {
    for (const profile of ['--profile=', '--profile=none']) await sensor.start({ args: [profile, '--anomalies='] });
    for (const reading of sensor.proxy.readings) expect(Object.keys(reading)).toHaveLength(9);
  });
});
