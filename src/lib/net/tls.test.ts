import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { OWN, OWN_KEY, SIGNED } from '../../test/support/certificates.js';
import { isSelfSigned, readCaFile, readKeyPair } from './tls.js';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const own = file('own.pem', OWN);
const signed = file('signed.pem', SIGNED);
const ownKey = file('own-key.pem', OWN_KEY);
const garbage = file('garbage.pem', '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
const missing = join(folder, 'missing.pem');

test('a certificate and its key are read as they are', () => {
  expect(readKeyPair(own, ownKey)).toEqual({ cert: OWN, key: OWN_KEY });
  expect(readCaFile(own)).toBe(OWN);
});

test('a key of another certificate is refused, naming both files', () => {
  const message = expect.stringContaining(`${signed} and ${ownKey} are not a certificate and its key: `);
  expect(() => readKeyPair(signed, ownKey)).toThrow(
    expect.objectContaining({ code: 'TLS_UNUSABLE', exitCode: 2, message }),
  );
});

test('a certificate that signed itself is its own authority, another one is not', () => {
  expect([isSelfSigned(own), isSelfSigned(signed)]).toEqual([true, false]);
});

test.each([
  ['a pair', (path: string) => readKeyPair(path, path)],
  ['an authority', readCaFile],
  ['a certificate', isSelfSigned],
])('a file that is not %s, or does not exist, is named', (_, read) => {
  const naming = (path: string) => ({ exitCode: 2, message: expect.stringContaining(path) });
  expect(() => read(garbage)).toThrow(expect.objectContaining({ code: 'TLS_UNUSABLE', ...naming(garbage) }));
  expect(() => read(missing)).toThrow(expect.objectContaining({ code: 'TLS_UNREADABLE', ...naming(missing) }));
});
