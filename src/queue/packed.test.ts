import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packedBody, unpackedLines } from './packed.js';

const line = (i: number) => `{"reading":{"execution_id":"e-${i}","sequence":${i},"icon_name":"🚀"}}`;
const lines = (count: number) => Array.from({ length: count }, (_, i) => line(i));

test.each([
  [3, 'readings'],
  [300, 'readings+gzip'],
])('%i lines come out as they went in', (count, encoding) => {
  const packed = packedBody(lines(count).join('\n'));
  expect(packed.encoding).toBe(encoding);
  expect(unpackedLines(encoding, packed.body)).toEqual(lines(count));
});

test('gzip and base64 make readings a sixth of their length', () => {
  const text = lines(300).join('\n');
  expect(packedBody(text).body.length).toBeLessThan(text.length / 6);
});

test.each([
  ['is not packed', undefined, line(1)],
  ['is packed in another way', 'readings+zstd', line(1)],
  ['is no gzip', 'readings+gzip', line(1)],
  ['would fill the memory', 'readings+gzip', gzipSync('\n'.repeat(2_000_000)).toString('base64')],
])('a body that %s is left to its reader', (_, encoding, body) => {
  expect(unpackedLines(encoding, body)).toBeUndefined();
});
