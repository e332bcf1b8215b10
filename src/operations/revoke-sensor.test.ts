import { expect, test } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import type { ProxyClient } from '../proxy/proxy-client.js';
import { revokeSensor } from './revoke-sensor.js';

test('every proxy is told, also after one that does not answer; which one is said', async () => {
  const told: [string, boolean][] = [];
  const proxy = (reason?: string) =>
    ({
      async revoke(host: string, revoked: boolean) {
        if (reason !== undefined) throw new AppError('PROXY_GONE', reason);
        told.push([host, revoked]);
      },
    }) as unknown as ProxyClient;
  const revoked = revokeSensor([proxy('http://a does not answer'), proxy(), proxy()], 'edge-us-1', true);
  await expect(revoked).rejects.toMatchObject({ code: 'REVOKE_INCOMPLETE', details: ['http://a does not answer'] });
  expect(told).toEqual([
    ['edge-us-1', true],
    ['edge-us-1', true],
  ]);
  await revokeSensor([proxy()], 'edge-us-1', false);
  expect(told.at(-1)).toEqual(['edge-us-1', false]);
});
