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

// An authority, and what it has signed for a server; no key belongs to them here.
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUMiPbQ4OfMGsv1+9FHQtOfX4svdowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyNTAzMzc0MVoYDzIxMjYxMTAx
MDMzNzQxWjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASHgPq6WxlAf2Mh7SbSW2X+yw3/NFq9Z1lSE1gpuqVGNMrTavT56h0U
bX8H/4kFs6gzaT6FyX8CMAGJOKBSaw8no1MwUTAdBgNVHQ4EFgQUXS0EFXAJFqFM
QZQT0Ut6D6FF+PYwHwYDVR0jBBgwFoAUXS0EFXAJFqFMQZQT0Ut6D6FF+PYwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiALYUpBIgNKxCp0G0oMrZFY
DRx99+eNJYxZhqbtp1CscgIhAPz9k79Tk78NZumDP2VDKHJTt2Kab19GWzeaOaiD
xJ84
-----END CERTIFICATE-----
`;
const SIGNED = `-----BEGIN CERTIFICATE-----
MIIBITCByAIUStsztvTIvnZr1K1trIbayQeosUowCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyNTAzMzc0MVoYDzIxMjYxMTAxMDMzNzQx
WjARMQ8wDQYDVQQDDAZzZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASL
F//Y6iFR6pGb7Uyrt4JW6aZufOqOrcUs97jYsyMD0VZHs8LamhEqT2fRV/8YuSOM
MBP+gxJ/0nsmHpVoxC7UMAoGCCqGSM49BAMCA0gAMEUCIHf29p43iFLsYKrlcpCv
Xo8i3hxFuIyTivz1n/kB+B8iAiEA2EF2pedVpMlVlip40rrMV0WJA7pIIGRvS6c1
RUa04HM=
-----END CERTIFICATE-----
`;

test('a certificate that vouches for itself is told from one that another has signed', () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [authority, signed] = [file('authority.pem', AUTHORITY), file('signed.pem', SIGNED)];
  expect([isSelfSigned(authority), isSelfSigned(signed)]).toEqual([true, false]);
  expect(readAuthority(authority)).toBe(AUTHORITY);
  // A certificate is no key.
  expect(() => readKeyPair(signed, signed)).toThrow(expect.objectContaining({ code: 'TLS_UNUSABLE', exitCode: 2 }));
});
