import { expect, test } from 'vitest';
import { formatSensorKeys, parseSensorKeys, readSensorToken, sensorTokenOf } from './sensor-token.js';

const KEY = 'k'.repeat(32);
const OLD = 'o'.repeat(32);

test.each(['edge-us-1', 'a.b.example', 'schlüssel 1/2', 'h'.repeat(256)])(
  'the token of %j fits a header and names its host',
  (host) => {
    const token = sensorTokenOf(KEY, host);
    expect(token).toMatch(/^[\x21-\x7e]+$/);
    expect(readSensorToken(token, [{ key: KEY }], 0)?.host).toBe(host);
  },
);

test('the signature is the HMAC-SHA256 of the host name, so that other programs can make tokens', () => {
  expect(sensorTokenOf(KEY, 'edge-us-1')).toBe('edge-us-1.auF_8Vz4kiXGiPG8S3et-E2ANfzYxx-hrIp-clyr26E');
});

test.each([
  sensorTokenOf(OLD, 'edge-us-1'),
  sensorTokenOf(KEY, 'edge-us-1').replace('us', 'eu'),
  `${sensorTokenOf(KEY, 'edge-us-1')}x`,
  sensorTokenOf(KEY, 'edge-us-1').slice(0, -1),
  sensorTokenOf(KEY, ''),
  '%.x',
  'edge-us-1.',
  'edge-us-1',
  '.',
  '',
])('%j is a token of nobody', (token) => {
  expect(readSensorToken(token, [{ key: KEY }], 0)?.host).toBeUndefined();
});

test('an older key holds until its time', () => {
  const keys = [{ key: KEY }, { key: OLD, until: 1000 }];
  const token = sensorTokenOf(OLD, 'h');
  expect([readSensorToken(token, keys, 999)?.host, readSensorToken(token, keys, 1000)?.host]).toEqual(['h', undefined]);
  expect(readSensorToken(sensorTokenOf(KEY, 'h'), keys, 5000)?.host).toBe('h');
});

test('a key ring is one line', () => {
  const keys = [{ key: KEY }, { key: OLD, until: 1000 }];
  expect(formatSensorKeys(keys)).toBe(`${KEY},${OLD}@1970-01-01T00:00:01.000Z`);
  expect(parseSensorKeys(formatSensorKeys(keys))).toEqual(keys);
  expect(parseSensorKeys(KEY)).toEqual([{ key: KEY }]);
});

test.each(['', 'short', `${KEY}@1970-01-01`, `${KEY},${OLD}`, `${KEY},${OLD}@soon`, `${KEY},short@1970-01-01`])(
  '%j is no key ring',
  (text) => {
    expect(parseSensorKeys(text)).toBeUndefined();
  },
);
