import { EventEmitter } from 'node:events';
import { beforeEach, expect, test, vi } from 'vitest';
import { freePort } from './choose-port.js';

/** Ports that were tried, in order, and which of them are free. */
const world = vi.hoisted(() => ({ tried: [] as number[], isFree: (_port: number, _tries: number): boolean => false }));

vi.mock('node:net', () => ({
  createServer: () => {
    const server = Object.assign(new EventEmitter(), {
      address: () => ({ port: world.tried.at(-1) === 0 ? 50_000 : world.tried.at(-1) }),
      close: (done: () => void) => done(),
      listen({ port }: { port: number }, listening: () => void) {
        world.tried.push(port);
        if (world.isFree(port, world.tried.length)) listening();
        else server.emit('error', Object.assign(new Error('listen'), { code: 'EADDRINUSE' }));
      },
    });
    return server;
  },
}));

beforeEach(() => {
  world.tried = [];
});

test('after busy ports another one is tried, each time by chance', async () => {
  world.isFree = (_, tries) => tries === 4;
  expect(await freePort()).toBe(world.tried[3]);
  expect(world.tried).toHaveLength(4);
  expect(new Set(world.tried).size).toBeGreaterThan(1);
});

test('after fifty busy ports the system chooses', async () => {
  world.isFree = (port) => port === 0;
  expect(await freePort()).toBe(50_000);
  expect(world.tried).toHaveLength(51);
});

test('a machine without any free port is a failure of the environment', async () => {
  world.isFree = () => false;
  await expect(freePort('::1')).rejects.toMatchObject({
    ...{ code: 'NO_FREE_PORT', fault: 'system', message: 'no free TCP port on ::1' },
  });
});
