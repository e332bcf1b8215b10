import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isSelfSigned, readAuthority, readKeyPair } from './tls.js';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const garbage = join(folder, 'garbage.pem');
writeFileSync(garbage, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
const missing = join(folder, 'missing.pem');

test.each([
  ['a pair', (file: string) => readKeyPair(file, file)],
  ['an authority', readAuthority],
  ['a certificate', isSelfSigned],
])('%s that is none, or is not there, is named', (_, read) => {
  const naming = (file: string) => ({ exitCode: 2, message: expect.stringContaining(file) });
  expect(() => read(garbage)).toThrow(expect.objectContaining({ code: 'TLS_UNUSABLE', ...naming(garbage) }));
  expect(() => read(missing)).toThrow(expect.objectContaining({ code: 'TLS_UNREADABLE', ...naming(missing) }));
});
