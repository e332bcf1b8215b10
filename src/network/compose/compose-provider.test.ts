/** What only the compose network offers, and what it refuses. */
import { expect, test } from 'vitest';
import type { ServiceJobOptions } from '../provider.js';
import type { ComposeConnection } from './compose-network.js';
import { composeProvider } from './compose-provider.js';

const connection: ComposeConnection = {
  ...{ project: { name: 'net', folder: '/f' }, apiPort: 1, withServices: true, image: 'i' },
  ...{ proxyJobPort: 80, pullerJobPort: 81, queueForJobs: 'http://queue', allowedHosts: ['h'] },
  serviceArgs: { proxy: ['--rate-limit', '5'], puller: [] },
  forwarded: { edge: [], updater: [], services: [] },
};
const job = (role: 'proxy' | 'puller', over: Partial<ServiceJobOptions> = {}) =>
  composeProvider.serviceJob!(role, connection, { image: 'r.io/x:1', ...over });

test('the shell is in the client container', () => {
  const shell = (command: string[], tty: boolean) => composeProvider.shell!(connection, { command, tty });
  expect(shell([], true)).toEqual({ program: 'docker', args: ['exec', '-it', 'net-client-1', 'bash'] });
  expect(shell(['a', '-b'], false)).toEqual({ program: 'docker', args: ['exec', '-i', 'net-client-1', 'a', '-b'] });
});

test('a service job has the port, the arguments and the queue of the network', async () => {
  const planned = await job('proxy');
  expect(planned).toMatchObject({ url: 'http://127.0.0.1:80', proxyName: 'web-services' });
  expect(planned.job).toMatchObject({
    port: 8080,
    queue: 'http://queue',
    args: ['--open', '--rate-limit', '5'],
    image: 'r.io/x:1',
  });
  expect(await job('puller')).toMatchObject({ url: 'http://127.0.0.1:81', job: { port: 8081 } });
  expect((await job('puller', { queue: 'https://q/1' })).job.queue).toBe('https://q/1');
});
