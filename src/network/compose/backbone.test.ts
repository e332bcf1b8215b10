import { expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { freeBackbone, onBackbone } from './backbone.js';

test.each([
  [[], '10.213.90'],
  [['172.17.0.0/16', 'fd00::/64'], '10.213.90'],
  [['10.0.0.0/16'], '10.213.90'],
  [['10.213.90.0/24'], '10.213.91'],
  [['10.213.91.128/25', '10.213.90.0/30'], '10.213.92'],
  [['10.213.64.0/19'], '10.213.96'],
])('beside %j it is %s', (taken, prefix) => {
  expect(freeBackbone(taken)).toBe(prefix);
});

test.each(['10.213.0.0/16', '10.208.0.0/12', '10.0.0.0/8', '0.0.0.0/0'])('%s leaves no room', (subnet) => {
  expect(() => freeBackbone([subnet])).toThrow(expect.objectContaining({ code: 'SUBNET_IN_USE' }));
});

const taken = new AppError('SUBNET_IN_USE', 'user', 'taken');
/** Fails as the engine does until it was called `times` times; `calls` has the addresses that it was given. */
const maker = (times: number) => {
  const calls: string[] = [];
  const make = async (backbone: string) => {
    if (calls.push(backbone) < times) throw taken;
  };
  return { make, calls };
};

test('what another network took in between is chosen anew', async () => {
  const { make, calls } = maker(3);
  const choose = async () => `10.213.${90 + calls.length}`;
  expect(await onBackbone(choose, make)).toBe('10.213.92');
  expect(calls).toEqual(['10.213.90', '10.213.91', '10.213.92']);
});

test('what the operator asked for is not', async () => {
  const { make, calls } = maker(2);
  await expect(onBackbone('10.1.1', make)).rejects.toBe(taken);
  expect(calls).toEqual(['10.1.1']);
});
