import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { edgeNode, FakeNetwork } from '../test/support/fake-network.js';
import { setRegionLink } from './cut-region.js';

let network: FakeNetwork;
let log: string[];

beforeEach(() => {
  vi.useFakeTimers();
  log = [];
  network = new FakeNetwork();
  network.nodeList = [
    ...[edgeNode('edge-eu-1'), edgeNode('edge-eu-2'), edgeNode('edge-us-1')],
    edgeNode('web-eu-1', { type: 'web-services' }),
  ];
});
afterEach(() => {
  vi.useRealTimers();
});

async function set(region: string, connected: boolean) {
  const running = setRegionLink(network, region, connected, {
    timeoutMs: 2000,
    onSet: async () => void log.push(`set ${JSON.stringify(network.links)}`),
    onProgress: (reached, nodes) => log.push(`${reached}/${nodes}`),
  }).catch((error) => error);
  await vi.advanceTimersByTimeAsync(3000);
  return running;
}

const see = (name: string, connected: boolean) => {
  network.nodeList = network.nodeList.map((node) => (node.name === name ? { ...node, connected } : node));
};

test('it ends when every edge node of the region is seen as cut off', async () => {
  setTimeout(() => see('edge-eu-1', false), 100);
  setTimeout(() => see('edge-eu-2', false), 1400);
  expect(await set('eu', false)).toEqual({ region: 'eu', connected: false, reached: 2, nodes: 2, seconds: 2 });
  expect(log).toEqual(['set [["eu",false]]', '0/2', '1/2', '2/2']);
});

test('a region whose sensors send to a relay is told apart', async () => {
  for (const name of ['edge-eu-1', 'edge-eu-2']) see(name, false);
  network.proxyUrlOf = (region) => (region === 'eu' ? 'http://proxy' : network.sensorProxyUrl(region));
  expect(await set('eu', false)).toMatchObject({ reached: 2, relay: true });
  expect(await set('us', true)).not.toHaveProperty('relay');
});

test('a region is restored when its nodes are connected', async () => {
  expect(await set('eu', true)).toMatchObject({ connected: true, reached: 2 });
});

test('after the timeout it says how many were seen', async () => {
  see('edge-eu-1', false);
  expect(await set('eu', false)).toMatchObject({
    ...{ code: 'LINK_TIMEOUT', message: 'region eu: 1/2 nodes are seen as disconnected' },
  });
  see('edge-eu-1', true);
  see('edge-us-1', false);
  expect(await set('us', true)).toMatchObject({ message: 'region us: 0/1 nodes are seen as connected' });
});

test('an unknown region is refused, with those that have edge nodes, and nothing is set', async () => {
  network.nodeList.push(edgeNode('web-as-1', { type: 'web-services' }), edgeNode('edge-x-1', { region: '' }));
  for (const region of ['as', ''])
    expect(await set(region, false)).toMatchObject({
      code: 'NO_SUCH_REGION',
      exitCode: 2,
      hint: 'The regions are eu, us.',
    });
  network.nodeList = [];
  expect(await set('eu', false)).toMatchObject({ hint: 'The regions are not known yet.' });
  expect([network.links, log]).toEqual([[], []]);
});
