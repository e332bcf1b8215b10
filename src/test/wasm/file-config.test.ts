/** The YAML file that a publisher follows while it runs. */
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sensorConfigSchema } from '../../protocol/sensor-config.js';
import type { Mount } from '../../sensor-host/host-schemas.js';
import { TestSensor } from '../support/test-sensor.js';

let sensor: TestSensor;
let dir: string;
let file: string;
beforeEach(async () => {
  sensor = await TestSensor.prepare();
  dir = mkdtempSync(join(tmpdir(), 'sensor-file-'));
  file = join(dir, 'publisher.yaml');
});
afterEach(async () => {
  await sensor.close();
  rmSync(dir, { recursive: true });
});

const reported = () => sensor.proxy.reported;
const color = () => sensor.proxy.readings.at(-1)!.color;

/** The host tells a sensor of changes of files, and not of what is in a folder. */
const inFolder = () => [{ target: '/config', source: dir }];
const byItself = () => [{ target: '/config/publisher.yaml', source: file }];
let mounted: () => Mount[] = inFolder;

/** Starts a sensor whose file has this text. */
async function startWith(text: string | undefined, args: string[] = []): Promise<void> {
  if (text !== undefined) writeFileSync(file, text);
  const config = ['--config', '/config/publisher.yaml'];
  await sensor.start({ args: ['--interval', '0.5', ...config, ...args], mounts: mounted() });
  await sensor.clock.pass(1000);
}

/** Writes the file and lets the sensor notice and show it. */
async function write(text: string): Promise<void> {
  writeFileSync(file, text);
  await sensor.clock.pass(2500);
}

describe.each([
  ['in a mounted folder', inFolder],
  ['that is mounted by itself', byItself],
])('the file %s', (_, mounts) => {
  beforeEach(() => {
    mounted = mounts;
  });

  it('is in force with the very first reading', async () => {
    writeFileSync(file, 'color: "#010203"');
    await sensor.start({ args: ['--config=config/publisher.yaml'], mounts: mounted() });
    expect(sensor.proxy.readings[0]!.color).toBe('#010203');
    expect(reported()).toMatchObject({ file: 'ok', sources: { color: 'file' } });
  });

  it('is followed through edits in place and replacements', async () => {
    await startWith('color: "#000001"\n');
    expect(color()).toBe('#000001');
    await write('color: "#000002"\ninterval: 0.25\n');
    expect(color()).toBe('#000002');
    expect(reported().intervalMs).toBe(250);
    writeFileSync(join(dir, 'new'), 'color: "#000003"\n');
    renameSync(join(dir, 'new'), file);
    await sensor.clock.pass(2500);
    expect(color()).toBe('#000003');
    expect(reported()).toMatchObject({ intervalMs: 500, sources: { interval: 'flag' } });
  });

  it('may appear later; while it is missing or gone the last valid values stay', async () => {
    await startWith(undefined, ['--color', '#ffffff']);
    expect(reported()).toMatchObject({ file: 'bad', sources: { color: 'flag' } });
    await write('color: "#000001"\n');
    expect([color(), reported().file]).toEqual(['#000001', 'ok']);
    unlinkSync(file);
    await sensor.clock.pass(2500);
    expect([color(), reported().file]).toEqual(['#000001', 'bad']);
    await write('color: "#000001"\n');
    expect([color(), reported().file]).toEqual(['#000001', 'ok']);
  });

  it('mounted by itself works as well', async () => {
    writeFileSync(file, 'color: "#000009"\n');
    await sensor.start({ args: ['--config', '/cfg.yaml'], mounts: [{ target: '/cfg.yaml', source: file }] });
    expect(color()).toBe('#000009');
  });

  it('can not lie outside of what is mounted', async () => {
    writeFileSync(file, 'color: "#000009"\n');
    await sensor.start({
      args: ['--config', `/config/../${file}`],
      mounts: [{ target: '/config', source: join(dir, 'x') }],
    });
    expect(reported().file).toBe('bad');
  });
});

it('is not looked at while nothing changes, where the host tells: a sensor wakes for its readings only', async () => {
  writeFileSync(file, 'interval: 20\n');
  let wakes = 0;
  const { clock } = sensor;
  const after = clock.after.bind(clock);
  clock.after = (ms, callback) => {
    if (ms > 1000 && ms < 30_000) wakes++;
    return after(ms, callback);
  };
  await sensor.start({ args: ['--config', '/config/publisher.yaml'], mounts: byItself() });
  await clock.pass(200_000);
  expect(sensor.proxy.readings.length).toBeGreaterThan(9);
  // It also asks for its configuration every 10 s, and looks at the file once a minute.
  expect(wakes).toBeLessThan(40);
});

describe('a half-written file', () => {
  it('never shows: an unfinished line is believed only when it stays', async () => {
    await startWith('color: "#000001"\ninterval: 1\n');
    writeFileSync(file, '');
    await sensor.clock.pass(1000);
    expect(reported()).toMatchObject({ file: 'ok', intervalMs: 1000, sources: { color: 'file' } });
    writeFileSync(file, 'color: "#000002"\ninterval: 1');
    await sensor.clock.pass(1000);
    writeFileSync(file, 'color: "#000002"\ninterval: 1.5\n');
    await sensor.clock.pass(3000);
    expect(sensor.proxy.readings.some(({ color }) => color !== '#000001' && color !== '#000002')).toBe(false);
    expect(reported()).toMatchObject({ file: 'ok', intervalMs: 1500 });
    expect(sensor.proxy.requests.some(({ config }) => config?.sources.color === 'default')).toBe(false);
  });

  it('that stays so is taken as it is', async () => {
    await startWith('color: "#000001"\n');
    await write('color: "#000002"');
    await sensor.clock.pass(1500);
    expect(color()).toBe('#000002');
    await write('');
    await sensor.clock.pass(1500);
    expect(reported()).toMatchObject({ file: 'ok', sources: { color: 'default' } });
  });
});

describe('its text', () => {
  it.each([
    ['the seed spelling', 'randomOff: true\ninterval: 2\ncolor: "#FF5733"\n'],
    ['other spellings', "random-off: yes\r\nInterval: '2.0'\r\ncolour: '#ff5733'\r\n"],
    [
      'comments and markers',
      '# a\n---\ncolor: "#ff5733" # red\n\n  # b\nrandom_off: on\t\ninterval:   2.000   # s\n...\nx\n',
    ],
    ['quoted keys, and a byte order mark', '\uFEFF"color": "#ff5733"\n\'interval\': "2"\nrandom_off: True\n'],
  ])('may use %s', async (_, text) => {
    await startWith(text);
    await sensor.clock.pass(3000);
    expect(reported()).toMatchObject({
      file: 'ok',
      intervalMs: 2000,
      sources: { color: 'file', emoji: 'default', random_off: 'file', interval: 'file', paused: 'default' },
    });
    expect(color()).toBe('#ff5733');
  });

  it('may pause, and ask for random values', async () => {
    await startWith('paused: true\ncolor: random\nemoji: -1\n', ['--color', '#ffffff', '--emoji', '3']);
    expect(reported()).toMatchObject({ paused: true, sources: { color: 'file', emoji: 'file' } });
    const paused = sensor.proxy.readings.length;
    await sensor.clock.pass(5000);
    expect(sensor.proxy.readings.length).toBe(paused);
    await write('paused: false\n');
    expect(sensor.proxy.readings.length).toBeGreaterThan(paused + 1);
  });

  // Rounded half up; the limits hold for the number as written.
  it.each([
    ['.5', 500],
    ['2.', 2000],
    ['1.2344', 1234],
    ['1.2349', 1235],
    ['0.5005', 501],
    ['0.50049999999999', 500],
    ['0.05', 50],
    ['0.0504999', 50],
    ['86399.9996', 86_400_000],
    ['86400.0000', 86_400_000],
  ])('interval: %s is %i milliseconds', async (text, milliseconds) => {
    await startWith(`interval: ${text}\n`);
    expect(reported()).toMatchObject({ file: 'ok', intervalMs: milliseconds });
    expect(sensorConfigSchema.parse({ interval: text }).interval! * 1000).toBe(milliseconds);
    expect(sensorConfigSchema.parse({ interval: Number(text) }).interval! * 1000).toBe(milliseconds);
  });

  it.each(['0.0499999', '86400.0001', '86400.4', '.', '', '1e3', '0x10', '-1', '999999999999999', '1234567890123456'])(
    'interval: %s is refused',
    async (text) => {
      await startWith(`interval: '${text}'\n`);
      expect(reported()).toMatchObject({ file: 'bad', intervalMs: 500 });
      expect(sensorConfigSchema.safeParse({ interval: text }).success).toBe(false);
    },
  );

  it.each([
    ['color: #ff0000\n', /line 1: no value; a colour needs quotes/],
    ['interval: 1\ncolor:\n', /line 2: no value/],
    ['color: ~\n', /line 1: no value/],
    ['color: "#ff00\n', /line 1: not `key: value`/],
    ['color "#ff0000"\n', /line 1: not `key: value`/],
    ['color:"#ff0000"\n', /line 1: not `key: value`/],
    ['- color\n', /line 1: not `key: value`/],
    ['{color: "#ff0000"}\n', /line 1: not `key: value`/],
    ['colr: "#ff0000"\n', /line 1: unknown key/],
    ['a: 1\n', /line 1: unknown key/],
    ['color: "#ff0000"\ncolour: "#00ff00"\n', /line 2: repeated key/],
    ['# c\n\ninterval: 5s\n', /line 3: Use seconds from 0\.05 to 86400/],
    ['emoji: 16\n', /line 1: Use an icon's index/],
    ['paused: maybe\n', /line 1: Use true or false/],
    ['color: "#ff0000" x\n', /line 1: not `key: value`/],
  ])('%j is bad: the last valid values stay, and one line gives the reason', async (text, words) => {
    await startWith('color: "#000001"\n');
    await write(text);
    await sensor.clock.pass(5000);
    expect([color(), reported().file]).toEqual(['#000001', 'bad']);
    const logged = sensor.guest.lastLines.filter((line) => line.includes('rejected'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatch(words);
    expect(logged[0]).toMatch(/^configuration file \/config\/publisher\.yaml/);
    await write('color: "#000004"\n');
    expect([color(), reported().file]).toEqual(['#000004', 'ok']);
  });
});

it('a file of more than 4,095 bytes is bad', async () => {
  await startWith(`color: "#000001"\n# ${'x'.repeat(4070)}\n`);
  expect(reported().file).toBe('ok');
  await write(`color: "#000001"\n# ${'x'.repeat(4077)}\n`);
  expect(reported().file).toBe('bad');
  expect(sensor.guest.lastLines.at(-1)).toContain('more bytes than 4095');
});

describe('precedence: default < flag < file < fleet', () => {
  const fleet = { version: 9, color: '#444444' };
  it.each([
    [[], '', false, 'default', undefined],
    [['--color', '#222222'], '', false, 'flag', '#222222'],
    [[], 'color: "#333333"\n', false, 'file', '#333333'],
    [['--color', '#222222'], 'color: "#333333"\n', false, 'file', '#333333'],
    [[], '', true, 'fleet', '#444444'],
    [['--color', '#222222'], '', true, 'fleet', '#444444'],
    [[], 'color: "#333333"\n', true, 'fleet', '#444444'],
    [['--color', '#222222'], 'color: "#333333"\n', true, 'fleet', '#444444'],
  ])('flags %j, file %j, fleet %j: %s', async (args, text, withFleet, source, expected) => {
    if (withFleet) {
      sensor.proxy.answer = ({ config }) =>
        config && config.version < 9 ? { body: JSON.stringify({ status: 'accepted', config: fleet }) } : {};
    }
    await startWith(text as string, args as string[]);
    await sensor.clock.pass(1500);
    expect(reported().sources.color).toBe(source);
    if (expected !== undefined) expect(color()).toBe(expected);
  });
});
