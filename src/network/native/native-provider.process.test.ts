/** How a network of many nodes starts and is watched, with nodes that do not all behave. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import { type ChildEvent, Supervisor } from '../../lib/process/supervisor.js';
import { Box } from '../../test/support/box.js';
import { FakeNodes } from '../../test/support/fake-nodes.js';
import type { NetworkEvent, NetworkPlan } from '../provider.js';
import { planNative } from './native-provider.js';

/** The others need less, also on a busy machine. */
const SLOW_MS = 6000;

let box: Box;
let nodes: FakeNodes;
let supervisor: Supervisor;
let plan: NetworkPlan;
let events: (NetworkEvent | ChildEvent)[];

beforeEach(() => {
  box = new Box();
  nodes = new FakeNodes(box);
  // Without Docker there is no node for service jobs.
  vi.stubEnv('PATH', box.programs);
});
afterEach(async () => {
  await plan.stop();
  vi.unstubAllEnvs();
  box.close();
});

async function start(nodesPerRegion: number, slowAfterMs?: number): Promise<void> {
  events = [];
  supervisor = new Supervisor(`${box.stateDir}/logs`);
  supervisor.on('event', (event) => events.push(event));
  const port = async () => ({ port: await freePort(), explicit: true, purpose: 'test', flag: '' });
  plan = planNative(
    {
      ...{
        supervisor,
        nodesPerRegion,
        stateDir: box.stateDir,
        registry: false,
        relays: false,
        token: 'operator',
        sensorEnv: {},
      },
      emit: (event) => events.push(event),
    },
    {
      bacalhau: nodes.program,
      ports: { api: await port(), nats: await port(), webUi: await port() },
      ...(slowAfterMs === undefined ? {} : { slowAfterMs }),
    },
  );
  await plan.start({ proxyUrl: 'http://127.0.0.1:1' });
}

const until = (look: () => unknown) => vi.waitUntil(look, { timeout: 20_000, interval: 20 });
const has = (event: object) => () =>
  events.some((one) => Object.entries(event).every(([key, value]) => value === (one as Record<string, unknown>)[key]));
const kill = (name: string) => process.kill(supervisor.running.find((child) => child.name === name)!.pid, 'SIGKILL');

test('a node that hangs at its start is named, holds nobody up, and comes later', async () => {
  nodes.next('edge-eu-1', 'hangs');
  await start(2, SLOW_MS);
  expect(events).toContainEqual({ type: 'nodes.late', nodes: ['edge-eu-1'] });
  expect(events).toContainEqual({ type: 'network.progress', step: 'nodes connected', done: 5, total: 6 });
  nodes.next('edge-eu-1', 'works');
  kill('edge-eu-1');
  await until(has({ type: 'node.arrived', node: 'edge-eu-1' }));
});

test('a node that exits at its start is started again', async () => {
  nodes.next('edge-as-1', 'exits');
  await start(1, SLOW_MS);
  expect(events).toContainEqual({ type: 'nodes.late', nodes: ['edge-as-1'] });
  nodes.next('edge-as-1', 'works');
  await until(has({ type: 'node.arrived', node: 'edge-as-1' }));
});

test('a node whose process exits later is started again', async () => {
  await start(1);
  kill('edge-us-1');
  await until(has({ type: 'child.restarted', name: 'edge-us-1' }));
});

test('where no node comes at all, the start fails with what one of them said', async () => {
  for (const region of ['us', 'eu', 'as']) nodes.next(`edge-${region}-1`, 'exits');
  await expect(start(1, SLOW_MS)).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    details: expect.arrayContaining([expect.stringContaining('this node can not start')]),
  });
});

test('one request in 2 s to the orchestrator, and none to the nodes, shows that all are well', async () => {
  await start(4);
  nodes.takeRequests();
  const seen: string[] = [];
  await until(() => {
    seen.push(...nodes.takeRequests());
    return seen.filter((request) => request.endsWith('/nodes')).length >= 3;
  });
  expect(seen.filter((request) => !request.startsWith('orchestrator '))).toEqual([]);
  expect(seen.length).toBeLessThan(8);
});
