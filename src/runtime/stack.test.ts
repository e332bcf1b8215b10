/** How a stack starts and stops: in which order, what it writes down, and that nothing is left when things go wrong. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Supervisor } from '../lib/process/supervisor.js';
import type { Network } from '../network/network.js';
import type { NetworkPlan, NetworkProvider, OpenContext, Services } from '../network/provider.js';
import { controlClient } from './control-client.js';
import { readRunState } from './run-state.js';
import { Stack } from './stack.js';

const reported = vi.hoisted(() => vi.fn(async () => {}));
vi.mock('../puller/fleet-client.js', () => ({
  FleetClient: class {
    annotate = reported;
  },
}));

let stateDir: string;
let log: string[];
let opened: OpenContext | undefined;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'stack-'));
  log = [];
  reported.mockReset();
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const plan: NetworkPlan = {
  async start({ proxyUrl }) {
    log.push(`network starts with ${proxyUrl}`);
    return { connection: { at: 1 }, endpoints: { api: 'http://api' } };
  },
  stop: async () => void log.push('network'),
};

function makeStack(network: Partial<NetworkPlan> = {}, capabilities: NetworkProvider['capabilities'] = {}): Stack {
  const services: Services = {
    endpoints: { proxy: 'http://127.0.0.1:1', puller: 'http://127.0.0.1:2' },
    start: async () => void log.push('services start'),
    movePuller: async (url) => url ?? 'http://own-puller',
    stop: async () => void log.push('services'),
  };
  const provider = {
    kind: 'embedded',
    capabilities,
    open(connection: unknown, context: OpenContext) {
      opened = context;
      return { connection } as unknown as Network;
    },
  } as unknown as NetworkProvider;
  return new Stack({
    provider,
    plan: { ...plan, ...network },
    proxyUrl: 'http://proxy',
    stateDir,
    token: 't',
    queue: { nodes: 1 },
    services,
    supervisor: new Supervisor(join(stateDir, 'logs')),
    onStop: () => void log.push('asked to stop'),
  });
}
const control = () => controlClient(readRunState(stateDir)!.control, 't');

test('it writes down what other terminals need: first that it starts, then the connection as the network gave it', async () => {
  let during: unknown;
  const stack = makeStack({
    async start(context) {
      during = readRunState(stateDir);
      return plan.start(context);
    },
  });
  expect(await stack.start()).toEqual({ connection: { at: 1 } });
  expect(during).toMatchObject({ kind: 'embedded', phase: 'starting', connection: {}, settings: { nodes: 1 } });
  expect(readRunState(stateDir)).toMatchObject({
    ...{ phase: 'ready', connection: { at: 1 }, alive: true },
    endpoints: { proxy: 'http://127.0.0.1:1', puller: 'http://127.0.0.1:2', api: 'http://api' },
  });
  expect(log.sort()).toEqual(['network starts with http://proxy', 'services start']);
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  await stack.stop();
});

test('it stops sensors first, after it has reported that to the fleet view, then services; and clears its state', async () => {
  reported.mockImplementation(async () => void log.push('reported'));
  const stack = makeStack();
  await stack.start();
  log = [];
  await stack.stop();
  expect(log).toEqual(['reported', 'network', 'services']);
  expect(reported).toHaveBeenCalledWith({ networkEnds: { since: expect.any(Number), by: expect.any(Number) } }, 't');
  expect(readRunState(stateDir)).toBeUndefined();
});

test('nothing is reported to the fleet view about sensors that outlive `up`, nor about a network that never ran', async () => {
  const stack = makeStack({}, { sensorsOutliveUp: true });
  await stack.start();
  await stack.stop();
  await makeStack().stop();
  expect(reported).not.toHaveBeenCalled();
});

test('other terminals move services, cut regions and stop it', async () => {
  const cuts: unknown[] = [];
  const stack = makeStack({ setRegionLink: async (...args) => void cuts.push(args) });
  await stack.start();
  await control().setEndpoints({ puller: 'http://job', jobProxy: 'http://job-proxy' });
  expect(readRunState(stateDir)!.endpoints).toMatchObject({ puller: 'http://job', jobProxy: 'http://job-proxy' });
  await control().setEndpoints({ puller: null, jobProxy: null });
  expect(readRunState(stateDir)!.endpoints).toEqual(expect.objectContaining({ puller: 'http://own-puller' }));
  expect(readRunState(stateDir)!.endpoints).not.toHaveProperty('jobProxy');
  await control().setRegionLink('eu', false);
  await opened!.setRegionLink('eu', true);
  expect(cuts).toEqual([
    ['eu', false],
    ['eu', true],
  ]);
  await control().stop();
  expect(log).toContain('asked to stop');
  await stack.stop();
});

test('a network whose plan cuts no regions says so', async () => {
  const stack = makeStack();
  await stack.start();
  await expect(control().setRegionLink('eu', false)).rejects.toMatchObject({ code: 'NOT_OFFERED' });
  await stack.stop();
});

test('a second one in the same folder is refused, and leaves the state of the first', async () => {
  const [first, second] = [makeStack(), makeStack()];
  await first.start();
  const state = readRunState(stateDir);
  log = [];
  await expect(second.start()).rejects.toMatchObject({
    code: 'ALREADY_UP',
    message: expect.stringContaining('embedded'),
  });
  await second.stop();
  expect(log).not.toContain('services start');
  expect(readRunState(stateDir)).toEqual(state);
  await first.stop();
});

test('one that is stopped while it starts starts nothing more', async () => {
  const stack = makeStack();
  const starting = stack.start();
  starting.catch(() => {});
  await stack.stop();
  await expect(starting).rejects.toThrow('before it started');
  expect(log).toEqual(['network', 'services']);
  expect(readRunState(stateDir)).toBeUndefined();
});

test("a network that can't be stopped keeps nothing else: no control API, no run state, and its failure is reported", async () => {
  const stack = makeStack({ stop: () => Promise.reject(new Error('the engine is gone')) });
  await stack.start();
  const { control: url } = readRunState(stateDir)!;
  log = [];
  await expect(stack.stop()).rejects.toThrow('the engine is gone');
  expect(log).toEqual(['services']);
  await expect(fetch(url)).rejects.toThrow();
  expect(readRunState(stateDir)).toBeUndefined();
});
