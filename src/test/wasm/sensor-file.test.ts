import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shows } from '../../protocol/desired-config.js';
import { SENSOR_CONFIG_FIELDS } from '../../protocol/sensor-config.js';
import { valuesOfFile } from '../../sensor-host/sensor-file.js';
import { testModule } from '../support/built-modules.js';
import { TestSensor } from '../support/test-sensor.js';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sensor-file-'));
  file = join(dir, 'eu.yaml');
});
afterEach(() => rmSync(dir, { recursive: true }));

test.each([
  ['', {}],
  ['random_off: 1\n', { random_off: true }],
  ['paused: 0\nemoji: -1', { paused: false, emoji: -1 }],
  ["color: '#00aa00'\n...\nfoo: bar\n", { color: '#00aa00' }],
  ['\uFEFFcolour: "#00AA00"\r\ninterval: 1.2349\r\n', { color: '#00aa00', interval: 1.235 }],
  ['# a: b\n--- # c\n\n\'Random-Off\' : "YES" # d\nemoji:\tRandom\n', { random_off: true, emoji: -1 }],
  ["color: 'RANDOM'#x\ninterval: .5#\npaused: On\n", undefined],
  ["color: 'RANDOM'#x\ninterval: .5 #\npaused: On\n", { color: 'random', interval: 0.5, paused: true }],
  ['emoji: 007\nrandomOff: oFF\n--paused--: False\n', { emoji: 7, random_off: false, paused: false }],
])('%j means the same to a sensor and to commands: %j', async (text, values) => {
  writeFileSync(file, text);
  const sensor = await TestSensor.prepare();
  await sensor.start({ args: ['--config', '/eu.yaml'], mounts: [{ target: '/eu.yaml', source: file }] });
  const { reported, readings } = sensor.proxy;
  await sensor.close();
  const read = valuesOfFile(file, await testModule('publisher'));
  if (values === undefined) {
    expect(reported.file).toBe('bad');
    await expect(read).rejects.toMatchObject({ code: 'BAD_FILE' });
    return;
  }
  expect(await read).toEqual(values);
  expect(SENSOR_CONFIG_FIELDS.filter((field) => reported.sources[field] === 'file').sort()).toEqual(
    Object.keys(values).sort(),
  );
  const { color, icon_name } = readings[0]!;
  expect(shows(values, { color, icon_name, config: reported }, 'file')).toBe(true);
});

test.each([
  ['color: "#00aa00"\nsize: 3\n', 'line 2: unknown key'],
  ['{color: "#123123"}\n', 'line 1: not `key: value`'],
  ['color: "#00aa00\n', 'line 1: not `key: value`'],
  ['paused: "no\n  really"\n', 'line 1: not `key: value`'],
  ['emoji: 16\n', "line 1: Use an icon's index"],
  ['# first\ncolor: #abcdef\n', 'line 2: no value; a colour needs quotes'],
  ['interval: 0.01\n', 'line 1: Use seconds'],
  ['#'.repeat(5000), 'more bytes than 4095: shorten it'],
])('%j is refused with the reason of the sensors', async (text, reason) => {
  writeFileSync(file, text);
  await expect(valuesOfFile(file, await testModule('publisher'))).rejects.toMatchObject({
    code: 'BAD_FILE',
    fault: 'user',
    message: expect.stringContaining(reason),
  });
});
