import { expect, test } from 'vitest';
import { isPlausibleVersion, MAX_VERSION, parseReportedConfig, sensorConfigSchema } from './sensor-config.js';

const NOW = 1_750_000_000_000;
const DAY = 86_400_000;

// Versions are little more than the time: a sensor that claims more would keep every sensor from hearing of changes.
test.each([
  [0, true],
  [NOW, true],
  [NOW + DAY, true],
  [NOW + DAY + 1, false],
  [MAX_VERSION, false],
  [-1, false],
  [NOW - 0.5, false],
  [Number.NaN, false],
  [Number.POSITIVE_INFINITY, false],
])('a proxy can have given out version %d: %s', (version, is) => {
  expect(isPlausibleVersion(version, NOW)).toBe(is);
});

test('no version is above what sensors can read, whatever a clock says', () => {
  expect([MAX_VERSION, MAX_VERSION + 1].map((version) => isPlausibleVersion(version, 1e16))).toEqual([true, false]);
});

test.each([
  [{ interval: 86_400 }, true],
  [{ interval: 86_400.001 }, false],
  [{ interval: 0.05 }, true],
  [{ interval: 0.0499 }, false],
  [{ emoji: 15 }, true],
  [{ emoji: 16 }, false],
  [{ emoji: -1 }, true],
])('%j is within the limits: %s', (config, is) => {
  expect(sensorConfigSchema.safeParse(config).success).toBe(is);
});

test.each([
  ['tomato', '#ff6347'],
  ['RebeccaPurple', '#663399'],
  ['yellowgreen', '#9acd32'],
  ['green', '#008000'],
  ['#00FF88', '#00ff88'],
  ['random', 'random'],
  ['constructor', undefined],
  ['no-colour', undefined],
])('the colour %s is kept as %s', (color, kept) => {
  expect(sensorConfigSchema.safeParse({ color }).data?.color).toBe(kept);
});

test('of very many different reports some are remembered, not all', () => {
  const report = (version: number) => parseReportedConfig(`v=${version};src=ddddd;file=none;interval=1;paused=0`);
  const first = report(0);
  for (let version = 1; version <= 1_000; version++) report(version);
  expect(report(0)).toEqual(first);
  expect(report(0)).not.toBe(first);
});

test('a sensor that keeps readings reports how many it has taken and dropped, before its settings', () => {
  const base = 'v=0;src=ddddd;file=none;interval=2000;paused=0';
  const settings = ';settings=alarm:false:d:b';
  const counted = ';taken=4200;dropped=3;began=1750000000000';
  const counts = { taken: 4200, dropped: 3, began: 1_750_000_000_000 };
  const plain = parseReportedConfig(base);
  expect(parseReportedConfig(base + counted)).toEqual({ ...plain, counts });
  expect(parseReportedConfig(base + counted + settings)).toEqual({ ...parseReportedConfig(base + settings), counts });
  expect(parseReportedConfig(base)).toBe(plain);
  const bad = [';taken=1', ';taken=1;dropped=0', ';taken=-1;dropped=0;began=1', ';dropped=1;taken=2;began=1'];
  for (const text of bad) expect(parseReportedConfig(base + text), text).toBeUndefined();
});
