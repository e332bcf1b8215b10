import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fixedPagesFor, guestLimit, nodeArgsFor } from './host-capacity.js';

const folder = mkdtempSync(join(tmpdir(), 'host-capacity-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a guest needs two of the memory mappings that Linux allows; eight thousand are for Node', () => {
  const file = join(folder, 'max_map_count');
  writeFileSync(file, '65530\n');
  expect(guestLimit(false, file)).toBe(28_765);
  writeFileSync(file, '65531\n');
  expect(guestLimit(false, file)).toBe(28_765);
});

test('of memories that can’t grow there is room for ten times as many', () => {
  const file = join(folder, 'max_map_count');
  writeFileSync(file, '65530\n');
  expect(guestLimit(true, file)).toBe(575_300);
  expect([fixedPagesFor(12_000), fixedPagesFor(12_001)]).toEqual([undefined, 4]);
});

test('there is no limit where the system has none', () => {
  expect(guestLimit(false, join(folder, 'none'))).toBe(Number.POSITIVE_INFINITY);
});

test('a host of more than 12,000 sensors is started without reserved address space', () => {
  expect([nodeArgsFor(12_000), nodeArgsFor(12_001)]).toEqual([[], ['--disable-wasm-trap-handler']]);
});
