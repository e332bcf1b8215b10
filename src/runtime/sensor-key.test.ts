import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseSensorKeys, readSensorToken, sensorTokenOf } from '../protocol/sensor-token.js';
import { keepSensorKeys, rotateSensorKey } from './sensor-key.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ring = () => parseSensorKeys(keepSensorKeys(folder))!;

test('a key is made once, and only its owner can read it', () => {
  expect(keepSensorKeys(folder)).toBe(keepSensorKeys(folder));
  expect(statSync(join(folder, 'sensor-key')).mode & 0o777).toBe(0o600);
});

test('after a rotation new tokens are another one’s, and the old ones hold until their time', () => {
  const old = sensorTokenOf(ring()[0]!.key, 'h');
  rotateSensorKey(folder, { now: 0, until: 1000 });
  expect(sensorTokenOf(ring()[0]!.key, 'h')).not.toBe(old);
  expect([readSensorToken(old, ring(), 999)?.host, readSensorToken(old, ring(), 1000)?.host]).toEqual(['h', undefined]);
  expect(statSync(join(folder, 'sensor-key')).mode & 0o777).toBe(0o600);
});

test('a second rotation does not make the first key hold for longer, and forgets what holds no more', () => {
  keepSensorKeys(folder);
  rotateSensorKey(folder, { now: 0, until: 1000 });
  rotateSensorKey(folder, { now: 500, until: 5000 });
  expect(ring().map(({ until }) => until)).toEqual([undefined, 5000, 1000]);
  rotateSensorKey(folder, { now: 2000, until: 9000 });
  expect(ring().map(({ until }) => until)).toEqual([undefined, 9000, 5000]);
});

// In a wrong folder, nothing would take the tokens of a new one.
test('where there is no key, none is rotated or made', () => {
  expect(() => rotateSensorKey(folder, { now: 0, until: 1 })).toThrow(
    expect.objectContaining({ code: 'NO_SUCH_FILE', message: expect.stringContaining(folder) }),
  );
  expect(existsSync(join(folder, 'sensor-key'))).toBe(false);
});

test('a file that holds no key is named and stays', () => {
  writeFileSync(join(folder, 'sensor-key'), 'short\n', { mode: 0o600 });
  const damaged = expect.objectContaining({ code: 'TOKEN_DAMAGED', message: expect.stringContaining('sensor-key') });
  expect(() => keepSensorKeys(folder)).toThrow(damaged);
  expect(() => rotateSensorKey(folder, { now: 0, until: 1 })).toThrow(damaged);
  expect(readFileSync(join(folder, 'sensor-key'), 'utf8')).toBe('short\n');
});
