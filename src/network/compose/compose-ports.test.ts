import { expect, test } from 'vitest';
import { loadSettings } from '../../config/load-settings.js';
import { choosePorts } from '../../lib/net/choose-port.js';
import { type ComposePorts, portWishes } from './compose-env.js';

const choose = async (variables: Partial<Record<keyof ComposePorts, string>>, proxyPort = 0) => {
  const settings = loadSettings({ proxyPort: String(proxyPort) }, '/nowhere');
  const get = (name: string) => variables[name as keyof ComposePorts] ?? '0';
  return choosePorts(portWishes(settings, get, false), () => {});
};

test('every service gets a port of its own, and what is left out gets none', async () => {
  const ports = await choose({});
  expect(ports).not.toHaveProperty('REGISTRY_PORT');
  expect(new Set(Object.values(ports)).size).toBe(8);
  expect(Object.values(ports)).not.toContain(0);
});

test('a port that two settings ask for is refused by both names', async () => {
  const { PROXY_PORT: free } = await choose({});
  await expect(choose({ PROXY_JOB_PORT: String(free) }, free)).rejects.toMatchObject({
    code: 'SAME_PORT',
    hint: expect.stringMatching(/--port or PROXY_JOB_PORT/),
  });
});

test.each(['70000', 'many', '80 '])('%j is no port', async (given) => {
  await expect(choose({ API_PORT: given })).rejects.toThrow(`API_PORT: ${JSON.stringify(given)} is not a port number`);
});
