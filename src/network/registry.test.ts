/** The table of networks: every row is what it says, and settings know the same kinds. */
import { expect, test } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import { registerProvider } from '../test/support/register-provider.js';
import type { NetworkProvider } from './provider.js';
import { loadAllProviders, loadProvider, registeredKinds } from './registry.js';

const given = (network: string) => loadSettings({ network }, '/nowhere').values.network;

test('the setting takes exactly the kinds of the table, and each row loads its kind', async () => {
  expect(registeredKinds()).toEqual(['embedded', 'native', 'compose', 'remote']);
  for (const kind of registeredKinds()) expect(given(kind)).toBe(kind);
  expect((await loadAllProviders()).map(({ kind }) => kind)).toEqual(registeredKinds());
});

test('what each kind offers beyond the rest', async () => {
  const offers = (await loadAllProviders()).map((provider) => [
    provider.kind,
    ...(['serviceJob', 'shell', 'render', 'removeData'] as const).filter((name) => provider[name]),
    ...Object.keys(provider.capabilities),
  ]);
  expect(offers).toEqual([
    ['embedded', 'givesNodesTokens', 'demoNodes'],
    ['native', 'givesNodesTokens', 'demoNodes'],
    ['compose', 'serviceJob', 'shell', 'render', 'removeData', 'givesNodesTokens', 'demoNodes', 'unsupported'],
    ['remote', 'sensorsOutliveUp', 'noCuts'],
  ]);
});

test('a further kind is a row', async () => {
  expect(() => given('toy')).toThrow('--network: "toy" must be embedded, native, compose or remote');
  await expect(loadProvider('toy')).rejects.toThrow('toy');
  const toy = { kind: 'toy' } as NetworkProvider;
  const undo = registerProvider('toy', async () => toy);
  expect(given('toy')).toBe('toy');
  expect(await loadProvider('toy')).toBe(toy);
  expect(() => given('boy')).toThrow('embedded, native, compose, remote or toy');
  undo();
  expect(() => given('toy')).toThrow('must be embedded, native, compose or remote');
  await expect(loadProvider('toy')).rejects.toThrow('toy');
});
