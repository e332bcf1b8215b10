import { expect, test } from 'vitest';
import { Places } from './places.js';

test('a place that is given back twice is free once', () => {
  const places = new Places(2);
  const [first, second] = [places.take(), places.take()];
  expect([first, second, places.take()]).toEqual([expect.any(Function), expect.any(Function), undefined]);
  first!();
  first!();
  expect([places.take(), places.take()]).toEqual([expect.any(Function), undefined]);
});
