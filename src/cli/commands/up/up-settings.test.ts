import { expect, test } from 'vitest';
import { loadSettings } from '../../../config/load-settings.js';
// The kinds of networks, which settings know from there.
import '../../../network/registry.js';
import { flagsWithoutEffect } from './up-settings.js';

test('flags that an `up` which runs already can not follow are named; those that reach it are not', () => {
  const { provenance } = loadSettings({ nodes: '3', stateDir: 'x', network: 'native', webhook: 'http://h' }, '/');
  expect(flagsWithoutEffect({ provenance, options: { registry: true } })).toEqual(['--nodes', '--registry']);
  expect(flagsWithoutEffect({ provenance: loadSettings({}, '/').provenance, options: { registry: false } })).toEqual(
    [],
  );
});
