import { expect, test } from 'vitest';
import { packageVersion } from '../lib/process/self-command.js';
import { bacalhauImage, bacalhauTag, productImage } from './images.js';

test('images have their registry, their repository and the version as tag', () => {
  expect(productImage()).toBe(`ghcr.io/bacalhau-project/wasm-sensors:${packageVersion()}`);
  expect(productImage('dev', 'localhost:5000//')).toBe('localhost:5000/bacalhau-project/wasm-sensors:dev');
});

test.each([
  ['1.9.3', 'v1.9.3'],
  ['v1.9.3', 'v1.9.3'],
  ['latest', 'latest'],
])('Bacalhau %s has the tag %s', (version, tag) => {
  expect(bacalhauTag(version)).toBe(tag);
  expect(bacalhauImage(version)).toBe(`ghcr.io/bacalhau-project/bacalhau:${tag}`);
  expect(bacalhauImage(version, true)).toBe(`ghcr.io/bacalhau-project/bacalhau:${tag}-dind`);
});
