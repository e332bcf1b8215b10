import { expect, test } from 'vitest';
import { valuesFrom } from './desired-values.js';

test('a name is given once, in whatever spelling: else one of two values would be lost without a word', () => {
  expect(valuesFrom(['color=#00ff88', 'interval=1', 'threshold=5'])).toMatchObject({ color: '#00ff88' });
  for (const words of [
    ['interval=fast', 'interval=1'],
    ['color=red', 'colour=blue'],
    ['threshold=1', 'threshold=2'],
  ]) {
    expect(() => valuesFrom(words)).toThrow('is given twice');
  }
});
