import { expect, test } from 'vitest';
import { axisRange, numberText, valueTexts, withUnit } from './page/format.js';

test('all values of a metric have as many decimals as the most so far, also its means', () => {
  const textOf = (temperature: number) => valueTexts({ temperature })[0]?.text;
  expect([textOf(3.98), textOf(4), textOf(-0.5)]).toEqual(['3.98', '4.00', '-0.50']);
  expect(numberText('temperature', 89.0612345)).toBe('89.06');
  // A third has no end, and a mean of nothing heard yet has two.
  expect(valueTexts({ share: 1 / 3 })[0]?.text).toBe('0.3333');
  expect(numberText('not_heard', 2.345678)).toBe('2.35');
});

test('values that these decimals cannot show keep their digits', () => {
  expect(valueTexts({ tiny: 1.5e-9, huge: 123_456_789_012, none: 0 }).map(({ text }) => text)).toEqual([
    '1.500e-9',
    '1.235e+11',
    '0',
  ]);
});

test('units are those of the profiles; a name that is also a member of objects has none', () => {
  const units = valueTexts({ pressure: 1013.25, constructor: 1 }).map(({ text, unit }) => withUnit(text, unit));
  expect(units).toEqual(['1,013.25 hPa', '1']);
});

test('rates have a decimal below 100, and times and depths none', () => {
  const texts = [numberText('readings.rate', 4), numberText('readings.rate', 1234.56), numberText('queue.depth', 0.57)];
  expect([...texts, numberText('readings.lateness', 22.69)]).toEqual(['4.0', '1,235', '1', '23']);
});

test('the axis of a count that is 0 has whole numbers, and other axes have room around their curve', () => {
  expect([axisRange(0, 0, 5), axisRange(0, 0.2, 5), axisRange(0, 100, 5)]).toEqual([
    [0, 5],
    [0, 5],
    [0, 110],
  ]);
  expect([axisRange(3, 4), axisRange(0.05, 1.05), axisRange(-1, 9), axisRange(null, null)]).toEqual([
    [2.9, 4.1],
    [0, 1.1500000000000001],
    [-2, 10],
    [0, 1],
  ]);
});
