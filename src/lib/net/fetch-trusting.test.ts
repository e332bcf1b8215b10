import { Agent, fetch as fetchWith } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';
import { fetchTrusting } from './http-client.js';

vi.mock('undici', () => ({ Agent: vi.fn(), fetch: vi.fn(async () => 'trusted') }));
afterEach(() => {
  vi.unstubAllGlobals();
});

test('without an authority it is fetch itself', async () => {
  const fetched = vi.fn(async () => 'usual');
  vi.stubGlobal('fetch', fetched);
  expect(await fetchTrusting(undefined, 'https://x')).toBe('usual');
  expect(fetched).toHaveBeenCalledWith('https://x', {});
  expect(fetchWith).not.toHaveBeenCalled();
});

test('with one, only what it signed is trusted, and the connection is not kept', async () => {
  expect(await fetchTrusting('PEM', 'https://x', { method: 'PUT' })).toBe('trusted');
  expect(Agent).toHaveBeenCalledWith({ connect: { ca: 'PEM' }, pipelining: 0 });
  const [agent] = vi.mocked(Agent).mock.instances;
  expect(fetchWith).toHaveBeenCalledWith('https://x', { method: 'PUT', dispatcher: agent });
});
