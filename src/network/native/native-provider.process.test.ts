/** How a network of many nodes starts and is watched, with nodes that do not all behave. */
import { afterAll, beforeAll, expect, type TestContext, test, vi } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import { type ChildEvent, Supervisor } from '../../lib/process/supervisor.js';
import { Box } from '../../test/support/box.js';
import { FakeNodes } from '../../test/support/fake-nodes.js';
import type { NetworkEvent } from '../provider.js';
import { planNative } from './native-provider.js';

/** The others need less, also on a busy machine. */
const SLOW_MS = 8000;

/** Without Docker there is no node for service jobs. */
const empty = new Box();
beforeAll(() => void vi.stubEnv('PATH', empty.programs));
afterAll(() => {
  vi.unstubAllEnvs();
  empty.close();
});

/** Each test has nodes of its own. */
function network({ onTestFinished }: TestContext) {
  const box = new Box();
  const nodes = new FakeNodes(box);
  const supervisor = new Supervisor(`${box.stateDir}/logs`);
  const events: (NetworkEvent | ChildEvent)[] = [];
  supervisor.on('event', (event) => events.push(event));

  async function start(nodesPerRegion: number, slowAfterMs?: number): Promise<void> {
    const port = async () => ({ port: await freePort(), explicit: true, purpose: 'test', flag: '' });
    const plan = planNative(
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
    onTestFinished(async () => {
      await plan.stop();
      box.close();
    });
    await plan.start({ proxyUrl: 'http://127.0.0.1:1' });
  }

  const has = (event: object) => () =>
    events.some((one) =>
      Object.entries(event).every(([key, value]) => value === (one as Record<string, unknown>)[key]),
    );
  const kill = (name: string) => process.kill(supervisor.running.find((child) => child.name === name)!.pid, 'SIGKILL');
  return { nodes, events, start, has, kill };
}

const until = (look: () => unknown) => vi.waitUntil(look, { timeout: 20_000, interval: 20 });

test('a node that hangs at its start is named, holds nobody up, and comes later', async (context) => {
  const { nodes, events, start, has, kill } = network(context);
  nodes.next('edge-eu-1', 'hangs');
  await start(2, SLOW_MS);
  expect(events).toContainEqual({ type: 'nodes.late', nodes: ['edge-eu-1'] });
  expect(events).toContainEqual({ type: 'network.progress', step: 'nodes connected', done: 5, total: 6 });
  nodes.next('edge-eu-1', 'works');
  kill('edge-eu-1');
  await until(has({ type: 'node.arrived', node: 'edge-eu-1' }));
});

test('a node that exits at its start is started again', async (context) => {
  const { nodes, events, start, has } = network(context);
  nodes.next('edge-as-1', 'exits');
  await start(1, SLOW_MS);
  expect(events).toContainEqual({ type: 'nodes.late', nodes: ['edge-as-1'] });
  nodes.next('edge-as-1', 'works');
  await until(has({ type: 'node.arrived', node: 'edge-as-1' }));
});

test('a node whose process exits later is started again', async (context) => {
  const { start, has, kill } = network(context);
  await start(1);
  kill('edge-us-1');
  await until(has({ type: 'child.restarted', name: 'edge-us-1' }));
});

test('where no node comes at all, the start fails with what one of them said', async (context) => {
  const { nodes, start } = network(context);
  for (const region of ['us', 'eu', 'as']) nodes.next(`edge-${region}-1`, 'exits');
  await expect(start(1, SLOW_MS)).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    details: expect.arrayContaining([expect.stringContaining('this node can not start')]),
  });
});

test('one request in 2 s to the orchestrator, and none to the nodes, shows that all are well', async (context) => {
  const { nodes, start } = network(context);
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
