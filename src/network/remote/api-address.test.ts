import { expect, it } from 'vitest';
import type { Settings } from '../../config/settings.js';
import { apiAddress } from './remote-provider.js';

const settings = (change: Partial<Settings>) =>
  ({ apiHost: 'h', apiPort: 1234, apiTls: false, apiInsecure: false, ...change }) as Settings;

it('refuses --api-insecure without TLS, which would do nothing', () => {
  expect(() => apiAddress(settings({ apiInsecure: true }))).toThrow(/--api-insecure is about TLS/);
  expect(apiAddress(settings({ apiInsecure: true, apiTls: true }))).toMatchObject({ tls: { insecure: true } });
  expect(apiAddress(settings({}))).toEqual({ host: 'h', port: 1234 });
});
