/** The publisher as its operators see it: flags, environment, what it sends and when. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFieldProblem, type Message } from '../../protocol/message.js';
import { ICONS } from '../../protocol/sensor-config.js';
import { TestSensor } from '../support/test-sensor.js';

let sensor: TestSensor;
beforeEach(async () => {
  sensor = await TestSensor.prepare();
});
afterEach(() => sensor.close());

const icons = () => new Set(sensor.proxy.readings.map(({ icon_name }) => icon_name));

describe('a reading', () => {
  it('has exactly the nine fields, from flags and environment', async () => {
    await sensor.start({
      args: ['--region=eu', '--color', '#AABBCC', '--submission-time=1742990400000', '--emoji', '0'],
      env: { BACALHAU_EXECUTION_ID: 'e-"quoted\\"' },
    });
    expect(sensor.proxy.readings).toEqual([
      {
        job_id: 'j-1',
        execution_id: 'e-"quoted\\"',
        icon_name: '🚀',
        timestamp: '2025-03-26T12:00:00.000Z',
        color: '#aabbcc',
        sequence: 1,
        region: 'eu',
        job_submission_time: 1742990400000,
        hostname: 'edge-eu-1',
      },
    ]);
    expect(sensor.proxy.requests[0]).toMatchObject({ method: 'POST', path: '/send' });
    expect(sensor.proxy.requests[0]!.headers['content-type']).toBe('application/json');
  });

  it('falls back to REGION, to "unknown", and to the execution for the host', async () => {
    await sensor.start({ args: ['--region', ''], env: { REGION: 'as', HOSTNAME: '' } });
    expect(sensor.proxy.readings[0]).toMatchObject({ region: 'as', hostname: 'e-1', job_submission_time: 0 });
    await sensor.start();
    expect(sensor.proxy.readings[1]).toMatchObject({ region: 'unknown', hostname: 'edge-eu-1' });
  });

  it('carries the sensor token only where there is one', async () => {
    await sensor.start({ env: { SENSOR_TOKEN: 'secret' } });
    expect(sensor.proxy.requests[0]!.headers.authorization).toBe('Bearer secret');
    expect(JSON.stringify(sensor.guest.lastLines)).not.toContain('secret');
    await sensor.start();
    expect(sensor.proxy.requests[1]!.headers.authorization).toBeUndefined();
  });

  it('is dated right in every month and leap year', async () => {
    const days = ['2024-02-29', '2024-12-31', '2025-01-01', '2025-02-28', '2025-03-01', '2100-02-28', '2100-03-01'];
    for (const day of days) {
      const at = Date.parse(`${day}T23:59:59.987Z`);
      Object.assign(sensor.clock, { epoch: at - sensor.clock.time });
      await sensor.start();
      expect(sensor.proxy.readings.at(-1)!.timestamp).toBe(new Date(at).toISOString());
    }
  });
});

describe('its schedule', () => {
  it('is at once, after a random part of the interval, and then to deadlines', async () => {
    await sensor.start({ args: ['--interval', '2'] });
    expect(sensor.proxy.sequences).toEqual([1]);
    await sensor.clock.pass(20_000);
    const times = sensor.proxy.readings.map(({ timestamp }) => Date.parse(timestamp));
    const steps = times.slice(1).map((time, i) => time - times[i]!);
    expect(steps[0]).toBeGreaterThan(0);
    expect(steps[0]).toBeLessThanOrEqual(2000);
    expect(steps.slice(1)).toEqual(steps.slice(1).map(() => 2000));
    expect(sensor.proxy.sequences).toEqual(times.map((_, i) => i + 1));
    expect(times.length).toBeGreaterThanOrEqual(10);
  });

  it('differs between sensors that start together', async () => {
    for (let i = 0; i < 8; i++) await sensor.start({ env: { BACALHAU_EXECUTION_ID: `e-${i}` } });
    await sensor.clock.pass(5000);
    const second = sensor.proxy.readings.filter(({ sequence }) => sequence === 2).map(({ timestamp }) => timestamp);
    expect(new Set(second).size).toBeGreaterThan(5);
  });

  it('is every 5 s by default and takes fractions of a second', async () => {
    await sensor.start();
    expect(sensor.proxy.reported.intervalMs).toBe(5000);
    await sensor.start({ args: ['--interval=0.25'] });
    expect(sensor.proxy.reported.intervalMs).toBe(250);
  });

  it('skips the time that its machine slept', async () => {
    await sensor.start({ args: ['--interval', '5'] });
    await sensor.clock.pass(10_000);
    sensor.clock.time += 3_600_000;
    const before = sensor.proxy.readings.length;
    await sensor.clock.pass(10_000);
    expect(sensor.proxy.readings.length - before).toBeLessThanOrEqual(4);
    expect(sensor.proxy.sequences).toEqual(sensor.proxy.sequences.map((_, i) => i + 1));
  });
});

describe('colours and icons', () => {
  it('keeps a random colour for life, another for another sensor', async () => {
    await sensor.start({ args: ['--color', '-1', '--interval', '1'] });
    await sensor.clock.pass(5000);
    const colors = new Set(sensor.proxy.readings.map(({ color }) => color));
    expect(colors.size).toBe(1);
    for (let i = 0; i < 4; i++)
      await sensor.start({ args: ['--color=random'], env: { BACALHAU_EXECUTION_ID: `e-${i}` } });
    expect(new Set(sensor.proxy.readings.map(({ color }) => color)).size).toBeGreaterThan(3);
  });

  it('draws an icon for each reading, from a list of sixteen', async () => {
    await sensor.start({ args: ['--interval', '0.05'] });
    await sensor.clock.pass(25_000);
    expect(icons()).toEqual(new Set(ICONS));
  });

  it('derives one icon from the host with --random-off', async () => {
    await sensor.start({ args: ['--interval', '0.5', '--random-off', '--emoji', 'random'] });
    await sensor.clock.pass(5000);
    expect(icons().size).toBe(1);
    const [icon] = icons();
    await sensor.start({ args: ['--random-off=true'], env: { BACALHAU_EXECUTION_ID: 'e-2' } });
    expect(sensor.proxy.readings.at(-1)!.icon_name).toBe(icon);
    const others = new Set<string>();
    for (let i = 0; i < 12; i++) {
      await sensor.start({ args: ['--random-off'], env: { HOSTNAME: `edge-${i}` } });
      others.add(sensor.proxy.readings.at(-1)!.icon_name);
    }
    expect(others.size).toBeGreaterThan(3);
  });

  it('takes a value after --random-off, and a fixed icon wins over it', async () => {
    await sensor.start({ args: ['--random-off', 'false', '--interval', '0.1'] });
    await sensor.clock.pass(5000);
    expect(icons().size).toBeGreaterThan(3);
    sensor.proxy.readings.length = 0;
    await sensor.start({ args: ['--random-off', '--emoji=15'] });
    expect(sensor.proxy.readings[0]!.icon_name).toBe('🔔');
  });

  it('are such that the proxy takes them', async () => {
    await sensor.start({ args: ['--interval', '0.05'] });
    await sensor.clock.pass(2000);
    for (const reading of sensor.proxy.readings) {
      expect(findFieldProblem(reading as unknown as Message, sensor.clock.wallTime())).toBeUndefined();
    }
  });
});

describe('--max-messages', () => {
  it('exits with 0 after the last reading was delivered', async () => {
    await sensor.start({ args: ['--max-messages', '3', '--interval', '1'] });
    await sensor.clock.pass(5000);
    expect(sensor.proxy.sequences).toEqual([1, 2, 3]);
    expect(sensor.exit).toEqual({ kind: 'exit', code: 0, lastLine: '3 readings taken, 0 not delivered' });
  });

  it('waits for an unreachable proxy, but not for ever', async () => {
    sensor.proxy.answer = () => ({ status: 503, body: '{}' });
    await sensor.start({ args: ['--max-messages=2', '--interval=1'] });
    await sensor.clock.pass(15_000);
    expect(sensor.exit).toBeUndefined();
    await sensor.clock.pass(15_000);
    expect(sensor.exit).toEqual({ kind: 'exit', code: 0, lastLine: '2 readings taken, 2 not delivered' });
  });
});

describe('an invalid start', () => {
  it.each([
    [['--colour-blind', 'x'], /^--colour-blind: unknown flag\. Use --proxy/],
    [['stray'], /^argument 'stray' is not a flag/],
    [['--color', 'red'], /^--color: invalid value\. Use a colour such as #00ff88/],
    [['--color=#12345'], /^--color: /],
    [['--emoji', '16'], /^--emoji: .*0 to 15/],
    [['--interval', '5s'], /^--interval: .*0\.05 to 86400/],
    [['--interval', '0.04'], /^--interval: /],
    [['--interval', '86401'], /^--interval: /],
    [['--random-off', 'maybe'], /^--random-off: .*true or false/],
    [['--max-messages', '-2'], /^--max-messages: .*whole number/],
    [['--submission-time=now'], /^--submission-time: /],
    [['--interval'], /^--interval: value missing/],
    [['--proxy', 'localhost:9090'], /^--proxy: .*http:\/\/ or https:\/\//],
    [['--proxy', 'http://user:pw@host'], /^--proxy: .*user or password.*SENSOR_TOKEN/],
    [['--region', 'x'.repeat(300)], /^--region: too long/],
  ])('%j is rejected with the reason, and traps', async (args, words) => {
    await sensor.start({ args: args as string[] });
    expect(sensor.exit).toMatchObject({ kind: 'trap', lastLine: expect.stringMatching(words as RegExp) });
    expect(sensor.proxy.requests).toEqual([]);
  });

  it('a missing --proxy is named', async () => {
    await sensor.start({ withoutProxy: true });
    expect(sensor.exit?.lastLine).toMatch(/^--proxy is missing/);
  });

  it('an empty value counts as not set', async () => {
    await sensor.start({
      args: ['--color=', '--emoji', '', '--interval=', '--random-off=', '--config', '', '--max-messages='],
    });
    expect(sensor.exit).toBeUndefined();
    expect(Object.values(sensor.proxy.reported.sources)).toEqual(Array(5).fill('default'));
  });
});
