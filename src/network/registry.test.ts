/** The table of networks: every row is what it says, and settings know the same kinds. */
import { expect, test } from 'vitest';
import { loadSettings } from '../config/load-settings.js';
import { registerProvider } from '../test/support/register-provider.js';
import type { NetworkProvider } from './provider.js';
import { loadAllProviders, loadProvider, registeredKinds } from './registry.js';

const given = (network: string) => loadSettings({ network }, '/nowhere').values.network;

test('the setting takes exactly the kinds of the table, and each row loads its kind', async () => {
  expect(registeredKinds().slice(0, 4)).toEqual(['embedded', 'native', 'compose', 'remote']);
  for (const kind of registeredKinds()) expect(given(kind)).toBe(kind);
  expect((await loadAllProviders()).map(({ kind }) => kind)).toEqual(registeredKinds());
});

test('what each kind offers beyond the rest', async () => {
  const offers = (await loadAllProviders()).map((provider) => [
    provider.kind,
    ...(['serviceJob', 'shell', 'render', 'removeData'] as const).filter((name) => provider[name]),
    ...Object.keys(provider.capabilities),
  ]);
  expect(offers.slice(0, 4)).toEqual([
    ['embedded', 'givesNodesTokens', 'demoNodes'],
    ['native', 'givesNodesTokens', 'demoNodes', 'follows'],
    [
      'compose',
      'serviceJob',
      'shell',
      'render',
      'removeData',
      'givesNodesTokens',
      'runsPostgres',
      'demoNodes',
      'follows',
      'unsupported',
    ],
    ['remote', 'sensorsOutliveUp', 'noCuts', 'follows', 'unsupported'],
  ]);
});

test('a further kind is a row', async () => {
  const refusal = /^--network: "spare" must be embedded, native, compose(, \w+)* or \w+/;
  expect(() => given('spare')).toThrow(refusal);
  await expect(loadProvider('spare')).rejects.toThrow('spare');
  const spare = { kind: 'spare' } as NetworkProvider;
  const undo = registerProvider('spare', async () => spare);
  expect(given('spare')).toBe('spare');
  expect(await loadProvider('spare')).toBe(spare);
  expect(() => given('bare')).toThrow(/^--network: "bare" must be .* or spare/);
  undo();
  expect(() => given('spare')).toThrow(refusal);
  await expect(loadProvider('spare')).rejects.toThrow('spare');
});
