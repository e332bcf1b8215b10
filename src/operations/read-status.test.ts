import { expect, test } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { execution, FakeNetwork, jobInfo } from '../test/support/fake-network.js';
import { failedExecutions, readStatus } from './read-status.js';

const gone = (what: string) => () => Promise.reject(new AppError('PROXY_ERROR', `${what} is gone`));

function target(over: { proxy?: () => Promise<never>; jobs?: () => Promise<never>; fleet?: object } = {}) {
  const network = new FakeNetwork();
  const asked: unknown[] = [];
  const fleet = {
    snapshot: async () => ({ sensors: [], summary: { relays: [] } }),
    stats: async () => ({ queue: 'q' }),
    convergence: async (...given: unknown[]) => {
      asked.push(given);
      return { sensors: 3, converged: 2 };
    },
    ...over.fleet,
  };
  const counted = async () => ({ superseded: 2, refused: { NOT_JSON: 1 } });
  const proxies = [
    {
      ...{ url: 'http://p', state: over.proxy ?? (async () => 'state'), stats: over.proxy ?? counted },
      revoked: over.proxy ?? (async () => ['h', 'a']),
    },
    { url: 'http://r', state: async () => 'state', stats: counted, revoked: async () => ['h'] },
  ];
  const jobs = over.jobs ?? (async () => ({ deployed: ['j'], ended: [] }));
  return { network, asked, target: { network, proxies, fleet, jobs, stateDir: '/nowhere' } as never };
}

test('what the network, the proxy and the puller say', async () => {
  const { target: all, asked, network } = target();
  expect(await readStatus(all)).toMatchObject({
    ...{ nodes: network.nodeList, jobs: [], puller: { queue: 'q' }, convergence: { sensors: 3 }, unanswered: [] },
    revoked: ['a', 'h'],
    proxies: [
      { url: 'http://p', superseded: 2, refused: { NOT_JSON: 1 } },
      { url: 'http://r', superseded: 2 },
    ],
  });
  expect(asked).toEqual([['state', {}, { jobs: { deployed: ['j'], ended: [] } }]]);
});

test('a network that does not answer is named once, and hides nothing', async () => {
  const { target: all, network } = target();
  network.nodes = gone('NODES');
  network.jobs = gone('JOBS');
  expect(await readStatus(all)).toMatchObject({
    ...{ nodes: undefined, jobs: undefined, convergence: { sensors: 3 } },
    unanswered: [{ service: 'network', reason: expect.stringMatching(/^(NODES|JOBS) is gone$/) }],
  });
});

test('a proxy that does not answer is named; jobs that can’t be listed are only unknown', async () => {
  expect(await readStatus(target({ proxy: gone('PROXY') }).target)).toMatchObject({
    ...{ convergence: undefined, unanswered: [{ service: 'proxy', reason: 'PROXY is gone' }] },
    proxies: [{ url: 'http://r' }],
  });
  const { target: all, asked } = target({ jobs: gone('JOBS') });
  expect((await readStatus(all)).unanswered).toEqual([]);
  expect(asked).toEqual([['state', {}, { jobs: undefined }]]);
});

test('without a puller there is no status', async () => {
  await expect(readStatus(target({ fleet: { snapshot: gone('PULLER') } }).target)).rejects.toThrow('PULLER is gone');
});

test('failures are those of the newest execution of each node; older ones were replaced', () => {
  const executions = [
    { ...execution('a', 'failed', 'lost'), id: 'e1' },
    { ...execution('a', 'running'), id: 'e2' },
    { ...execution('b', 'stopped'), id: 'e3' },
    { ...execution('b', 'failed', 'crash'), id: 'e4' },
  ];
  const jobs = [jobInfo({ role: 'publisher', region: 'eu' }, { executions })];
  expect(failedExecutions(jobs, 'newest')).toEqual([{ job: 'publisher-eu', node: 'b', message: 'crash' }]);
  expect(failedExecutions(jobs, 'replaced')).toEqual([
    { job: 'publisher-eu', node: 'a', message: 'lost', replacedBy: 'e2' },
  ]);
});
