import { expect, test } from 'vitest';
import { serveOnLoopback } from '../test/support/serve-on-loopback.js';

test('it serves on this machine under its own name only, until it is closed', async () => {
  const served = await serveOnLoopback({ path: ':memory:' });
  expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await fetch(`${served.url}/ready`)).status).toBe(200);
  const foreign = await fetch(`${served.url}/ready`, { headers: { origin: 'http://evil.example' } });
  expect(foreign.status).toBe(403);
  await foreign.body?.cancel();
  await served.close();
  await expect(fetch(`${served.url}/ready`)).rejects.toThrow();
  expect((await served.server.app.request('/ready', { headers: { host: '127.0.0.1' } })).status).toBe(503);
});
