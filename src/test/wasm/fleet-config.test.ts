/** Configuration that comes with the proxy's answers (docs/protocol.md, "Configuration"). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestSensor } from '../support/test-sensor.js';

let sensor: TestSensor;
beforeEach(async () => {
  sensor = await TestSensor.prepare();
});
afterEach(() => sensor.close());

/** Answers as the proxy does: configuration only to a sensor that is behind. */
function offer(config: Record<string, unknown> & { version: number }): void {
  sensor.proxy.answer = ({ config: reported, path }) => {
    const asked = new URL(path, sensor.proxy.url).searchParams.get('version');
    const behind = (reported?.version ?? Number(asked)) < config.version;
    if (path !== '/send') return behind ? { body: JSON.stringify({ config }) } : { status: 204, body: '' };
    return { body: JSON.stringify({ status: 'accepted', accepted: 1, ...(behind ? { config } : {}) }) };
  };
}

const last = () => sensor.proxy.readings.at(-1)!;

describe('a newer configuration', () => {
  it('is applied as a whole and reported', async () => {
    await sensor.start({ args: ['--interval', '4'] });
    offer({ version: 1742990400001, color: '#00FF88', emoji: 3, random_off: true, interval: 0.5, paused: false });
    await sensor.clock.pass(5000);
    expect(last()).toMatchObject({ color: '#00ff88', icon_name: '👽' });
    expect(sensor.proxy.reported).toEqual({
      version: 1742990400001,
      sources: { color: 'fleet', emoji: 'fleet', random_off: 'fleet', interval: 'fleet', paused: 'fleet' },
      file: 'none',
      intervalMs: 500,
      paused: false,
    });
    expect(sensor.guest.lastLines.at(-1)).toBe('fleet configuration 1742990400001 applied');
  });

  it('brings the next reading forward: within a second, and within half of what was left', async () => {
    offer({ version: 5, color: '#010203' });
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(500);
    expect(last().color).toBe('#010203');
    offer({ version: 6, color: '#040506', interval: 600 });
    await sensor.clock.pass(2000);
    offer({ version: 7, color: '#070809' });
    // Only the question after 10 s of silence can bring this one.
    await sensor.clock.pass(11_500);
    expect(last().color).toBe('#070809');
  });

  it('replaces the one before: what it does not set falls back', async () => {
    await sensor.start({ args: ['--interval', '1', '--color', '#111111'] });
    offer({ version: 5, color: '#222222', interval: 0.5 });
    await sensor.clock.pass(3000);
    expect(last().color).toBe('#222222');
    offer({ version: 6 });
    await sensor.clock.pass(3000);
    expect(last().color).toBe('#111111');
    expect(sensor.proxy.reported).toMatchObject({ version: 6, intervalMs: 1000, sources: { color: 'flag' } });
  });

  it('has its interval rounded half up to milliseconds, as text and as a number', async () => {
    await sensor.start({ args: ['--interval', '0.2999'] });
    expect(sensor.proxy.reported.intervalMs).toBe(300);
    offer({ version: 5, interval: 1.2345 });
    await sensor.clock.pass(3000);
    expect(sensor.proxy.reported.intervalMs).toBe(1235);
    offer({ version: 6, interval: '1.2344' });
    await sensor.clock.pass(3000);
    expect(sensor.proxy.reported.intervalMs).toBe(1234);
  });

  it('may ask for random values', async () => {
    await sensor.start({ args: ['--interval', '1', '--color', '#111111', '--emoji', '2'] });
    offer({ version: 5, color: 'random', emoji: -1, interval: 0.1 });
    await sensor.clock.pass(8000);
    const readings = sensor.proxy.readings.slice(-50);
    expect(new Set(readings.map(({ color }) => color)).size).toBe(1);
    expect(readings[0]!.color).not.toBe('#111111');
    expect(new Set(readings.map(({ icon_name }) => icon_name)).size).toBeGreaterThan(8);
  });
});

describe('any other configuration', () => {
  it('with an older or equal version is ignored', async () => {
    offer({ version: 50, color: '#aaaaaa' });
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(2000);
    for (const version of [49, 50, 0]) {
      sensor.proxy.answer = () => ({ body: `{"status":"accepted","config":{"version":${version},"color":"#bbbbbb"}}` });
      await sensor.clock.pass(2000);
      expect(last().color).toBe('#aaaaaa');
      expect(sensor.proxy.reported.version).toBe(50);
    }
  });

  it.each([
    ['cut off in a value', '{"status":"accepted","config":{"version":9,"color":"#0102'],
    ['cut off before its end', '{"status":"accepted","config":{"version":9,"color":"#010203"'],
    ['cut off after the name', '{"status":"accepted","config":'],
    ['without a version', '{"status":"accepted","config":{"color":"#010203"}}'],
    ['that is no object', '{"status":"accepted","config":[1]}'],
    ['with an object inside', '{"config":{"version":9,"color":{"r":1}}}'],
    ['only named in a text', '{"status":"x","reason":"\\"config\\":{\\"version\\":9,\\"color\\":\\"#010203\\"}"}'],
  ])('%s is ignored', async (_, body) => {
    await sensor.start({ args: ['--interval', '1', '--color', '#ffffff'] });
    sensor.proxy.answer = () => ({ body });
    await sensor.clock.pass(3000);
    expect(last().color).toBe('#ffffff');
    expect(sensor.proxy.reported.version).toBe(0);
    expect(sensor.exit).toBeUndefined();
  });

  it('beyond what the sensor can hold of an answer is left for the next answer', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    const padding = 'x'.repeat(2048);
    const config = '"config":{"version":9,"color":"#010203"}';
    sensor.proxy.answer = () => ({ body: `{"reason":"${padding}",${config}}` });
    await sensor.clock.pass(2000);
    expect(sensor.proxy.reported.version).toBe(0);
    sensor.proxy.answer = () => ({
      body: `{ "status" : "accepted" ,\n "config" : { "version" : 9 , "color" : "#010203" } }`,
    });
    await sensor.clock.pass(2000);
    expect(sensor.proxy.reported.version).toBe(9);
    expect(last().color).toBe('#010203');
  });

  it('value that is none counts as not set; the rest is applied', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    offer({ version: 9, color: 'red', emoji: 99, interval: 0, later: 'x', random_off: true });
    await sensor.clock.pass(3000);
    expect(sensor.proxy.reported).toMatchObject({
      version: 9,
      intervalMs: 1000,
      sources: { color: 'default', emoji: 'default', random_off: 'fleet', interval: 'flag' },
    });
  });
});

describe('a paused sensor', () => {
  it('reports it with one last reading, asks every 10 s, and continues when allowed', async () => {
    await sensor.start({ args: ['--interval', '1'] });
    offer({ version: 5, paused: true });
    await sensor.clock.pass(5000);
    expect(sensor.proxy.reported).toMatchObject({ version: 5, paused: true });
    const paused = sensor.proxy.readings.length;
    sensor.proxy.requests.length = 0;
    await sensor.clock.pass(60_000);
    expect(sensor.proxy.readings.length).toBe(paused);
    expect(sensor.proxy.requests.length).toBeGreaterThanOrEqual(5);
    expect(sensor.proxy.requests.length).toBeLessThanOrEqual(6);
    expect(sensor.proxy.requests[0]).toMatchObject({
      method: 'GET',
      path: '/config/effective?region=&hostname=edge-eu-1&version=5',
    });

    offer({ version: 6, paused: false });
    await sensor.clock.pass(12_000);
    expect(sensor.proxy.readings.length).toBeGreaterThan(paused + 1);
    expect(sensor.proxy.sequences).toEqual(sensor.proxy.sequences.map((_, i) => i + 1));
  });

  it('shows other changes with one reading each', async () => {
    offer({ version: 5, paused: true });
    await sensor.start({ args: ['--interval', '1', '--region', 'a b'] });
    await sensor.clock.pass(3000);
    const paused = sensor.proxy.readings.length;
    offer({ version: 6, paused: true, color: '#0a0b0c' });
    await sensor.clock.pass(30_000);
    expect(sensor.proxy.readings.length).toBe(paused + 1);
    expect(last().color).toBe('#0a0b0c');
    expect(sensor.proxy.requests.at(-1)!.path).toContain('region=a%20b&');
  });

  it('that is cut off learns of a change soon after it is back', async () => {
    offer({ version: 5, paused: true });
    await sensor.start({ args: ['--interval', '1'] });
    await sensor.clock.pass(3000);
    sensor.host.setLink('eu', false);
    await sensor.clock.pass(60_000);
    offer({ version: 6, paused: false, color: '#0a0b0c' });
    sensor.host.setLink('eu', true);
    await sensor.clock.pass(4000);
    expect(last().color).toBe('#0a0b0c');
  });
});

describe('a slow sensor', () => {
  it('asks while it waits, also when the proxy knows of no configuration', async () => {
    await sensor.start({ args: ['--interval', '600', '--region', 'eu'] });
    await sensor.clock.pass(600);
    sensor.proxy.answer = () => ({ status: 404, body: '{}' });
    sensor.proxy.requests.length = 0;
    await sensor.clock.pass(41_000);
    const asked = sensor.proxy.requests.filter(({ method }) => method === 'GET');
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(4);
    offer({ version: 8, interval: 1 });
    await sensor.clock.pass(14_000);
    expect(sensor.proxy.reported).toMatchObject({ version: 8, intervalMs: 1000 });
  });
});
