/** The addresses of the backbone network: the engine says which are free. */
import { expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import { onFreeBackbone } from './start.js';

const taken = new AppError('SUBNET_IN_USE', 'taken');
/** Fails as the engine does for the first `refusals` calls; `calls` has the addresses that it was given. */
const maker = (refusals: number, error: Error = taken) => {
  const calls: string[] = [];
  const make = async (backbone: string) => {
    if (calls.push(backbone) <= refusals) throw error;
  };
  return { make, calls };
};

test('addresses that another network has are passed over', async () => {
  const { make, calls } = maker(2);
  expect(await onFreeBackbone(undefined, make)).toBe('10.213.92');
  expect(calls).toEqual(['10.213.90', '10.213.91', '10.213.92']);
});

test('what the operator named is the only one that is tried', async () => {
  const { make, calls } = maker(1);
  await expect(onFreeBackbone('10.1.1', make)).rejects.toBe(taken);
  expect(calls).toEqual(['10.1.1']);
  expect(await onFreeBackbone('10.1.1', maker(0).make)).toBe('10.1.1');
});

test('when all thirty are taken, the last refusal is the error', async () => {
  const { make, calls } = maker(100);
  await expect(onFreeBackbone(undefined, make)).rejects.toBe(taken);
  expect([calls.length, calls.at(-1)]).toEqual([30, '10.213.119']);
});

test('another failure is not a question of addresses', async () => {
  const failure = new AppError('PORT_IN_USE', 'port');
  const { make, calls } = maker(1, failure);
  await expect(onFreeBackbone(undefined, make)).rejects.toBe(failure);
  expect(calls).toHaveLength(1);
});
