import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Convergence } from '../../fleet/fleet-view.js';
import type { NodeInfo } from '../../network/network.js';
import type { DesiredState, Scope } from '../../protocol/desired-config.js';
import type { SensorConfig } from '../../protocol/sensor-config.js';
import { type DesiredConfigStore, desiredConfigStore } from '../../proxy/desired-config-store.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetReader } from '../../puller/fleet-client.js';
import type { Change } from './apply-to-proxies.js';
import { type ChangeConfigOptions, changeConfig, type WantedChange } from './change-config.js';
import { knownJobs, newestSeen } from './config-target.js';

const NOW = 1_750_000_000_000;
let desired: DesiredConfigStore;
let patches: Change[];
let seenBy: (state: DesiredState, scope: Scope) => Partial<Convergence> | Promise<never>;
let failed: unknown[];
let revoked: string[];
let nodes: NodeInfo[];

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  desired = desiredConfigStore();
  patches = [];
  failed = [];
  revoked = [];
  nodes = [];
  seenBy = () => ({ sensors: 3, converged: 3 });
});
afterEach(() => {
  vi.useRealTimers();
});

const proxy = {
  url: 'http://p',
  state: async () => desired.state,
  revoked: async () => revoked,
  patch: async (change: Change) => {
    patches.push(change);
    return desired.patch(change, Date.now()).version;
  },
} as unknown as ProxyClient;
const fleet = {
  convergence: async (state: DesiredState, scope: Scope) => ({
    ...{ sensors: 0, converged: 0, pending: [], gone: 0, newest: 7 },
    ...(await seenBy(state, scope)),
  }),
  summary: async () => ({
    regions: [
      { region: 'us', live: 1, paused: 0, silent: 0 },
      { region: 'eu', live: 1, paused: 0, silent: 0 },
    ],
  }),
  snapshot: async () => ({ sensors: [] }),
} as unknown as FleetReader;

async function run(scope: Scope, wanted: Partial<WantedChange>, options: Partial<ChangeConfigOptions> = {}) {
  const running = changeConfig(
    { proxies: [proxy], fleet, nodes: async () => nodes },
    scope,
    { set: {}, unset: [], replace: false, ...wanted },
    { timeoutMs: 1000, wait: true, onProgress() {}, onFailed: (some) => failed.push(...some), ...options },
  ).catch((error) => error);
  await vi.advanceTimersByTimeAsync(8000);
  return running;
}

test('it ends when the sensors have converged, with what was seen', async () => {
  const began = Date.now();
  seenBy = () => ({ sensors: 3, converged: Date.now() - began < 500 ? 1 : 3 });
  const result = await run({ region: 'eu' }, { set: { color: '#00ff88' }, replace: true });
  const { version } = desired.state;
  expect(result).toEqual({
    ...{ version, failed: [] },
    seen: { sensors: 3, converged: 3, seconds: expect.closeTo(0.5, 1), hidden: [], revoked: [] },
  });
  expect(patches).toEqual([{ scope: { region: 'eu' }, set: { color: '#00ff88' }, unset: [], replace: true, seen: 7 }]);
});

test('without waiting, nothing is looked at but what sensors have seen; also where no puller answers', async () => {
  let looks = 0;
  seenBy = () => {
    looks++;
    return Promise.reject(new Error('no puller'));
  };
  expect(await run({}, { set: { interval: 2 } }, { wait: false })).toEqual({
    version: desired.state.version,
    failed: [],
  });
  expect(looks).toBe(1);
  expect(patches[0]!.seen).toBeUndefined();
});

test('a region or host that nobody has is refused before anything is changed, and can be set ahead', async () => {
  const set = { interval: 2 };
  expect(await run({ region: 'mars' }, { set })).toMatchObject({
    ...{ code: 'NO_SUCH_REGION', message: 'there is no region "mars"' },
    hint: 'The regions are eu, us. Add --ahead to set it before there is such a region.',
  });
  expect(await run({ hostname: 'x' }, { set })).toMatchObject({ code: 'NO_SUCH_HOST' });
  expect(patches).toEqual([]);
  expect(await run({ region: 'mars' }, { set, ahead: true })).toMatchObject({ version: desired.version });
  // What was set ahead can be cleared, and nothing else.
  expect(await run({ region: 'mars' }, { unset: ['interval'] })).toMatchObject({ version: desired.version });
  expect(await run({ region: 'venus' }, { unset: ['interval'] })).toMatchObject({ code: 'NO_SUCH_REGION' });
});

test('a region or host of a node that has no sensor yet is known', async () => {
  const edge = { type: 'edge', connected: false } as const;
  nodes = [
    { ...edge, name: 'edge-as-1', region: 'as' },
    { ...edge, type: 'services', name: 'web', region: '' } as never,
  ];
  seenBy = () => ({ sensors: 0, converged: 0 });
  expect(await run({ region: 'as' }, { set: { interval: 2 } })).toHaveProperty('version');
  expect(await run({ hostname: 'edge-as-1' }, { set: { interval: 2 } })).toHaveProperty('version');
  expect(await run({ hostname: 'web' }, { set: { interval: 2 } })).toMatchObject({ code: 'NO_SUCH_HOST' });
});

test('a revoked sensor is named and not waited for, because its readings are refused', async () => {
  const pending = [{ hostname: 'h', region: 'eu', state: 'silent' as const }];
  seenBy = () => ({ sensors: 3, converged: 2, pending });
  revoked = ['h'];
  expect(await run({}, { set: { interval: 2 } })).toMatchObject({ seen: { seconds: 0, revoked: ['h'] } });
  seenBy = () => ({ sensors: 3, converged: 1, pending: [...pending, { ...pending[0]!, hostname: 'other' }] });
  expect(await run({}, { set: { interval: 2 } })).toMatchObject({
    ...{ code: 'NOT_CONVERGED' },
    details: ['pending: h (eu), silent: revoked', 'pending: other (eu), silent: cut off?'],
  });
});

test('sensors that do not converge are a failure', async () => {
  seenBy = () => ({ sensors: 3, converged: 2 });
  expect(await run({}, { set: { interval: 2 } })).toMatchObject({ code: 'NOT_CONVERGED' });
});

test('a change that another one replaced meanwhile is a failure that says what holds now', async () => {
  let looks = 0;
  seenBy = () => {
    if (looks++ === 2) desired.patch({ scope: {}, set: { color: '#222222' }, unset: ['emoji'] }, Date.now());
    return { sensors: 1, converged: Date.now() - NOW > 3000 ? 1 : 0 };
  };
  expect(await run({}, { set: { color: '#111111', emoji: 3, interval: 2 } }, { timeoutMs: 6000 })).toMatchObject({
    ...{ code: 'REPLACED', message: 'fleet: another change replaced this one: now color is #222222, emoji is not set' },
  });
});

test('an unset value that another change set again is a failure, too', async () => {
  desired.patch({ scope: {}, set: { color: '#111111' }, unset: [] }, NOW);
  let looks = 0;
  seenBy = () => {
    if (looks++ === 2) desired.patch({ scope: {}, set: { color: '#222222' }, unset: [] }, Date.now());
    return { sensors: 1, converged: Date.now() - NOW > 3000 ? 1 : 0 };
  };
  expect(await run({}, { unset: ['color'] }, { timeoutMs: 6000 })).toMatchObject({
    message: 'fleet: another change replaced this one: now color is #222222',
  });
});

test('jobs that run or wait are deployed; all others have stopped', async () => {
  const jobs = (['running', 'pending', 'completed', 'failed', 'stopped'] as const).map((state) => ({
    id: state,
    state,
  }));
  expect(await knownJobs({ jobs: async () => jobs as never })).toEqual({
    ...{ deployed: ['running', 'pending'], ended: ['completed', 'failed', 'stopped'] },
  });
});

test('what sensors have seen is not known where no puller answers', async () => {
  expect(await newestSeen(fleet)).toBe(7);
  expect(await newestSeen({ convergence: () => Promise.reject(new Error('gone')) })).toBeUndefined();
});

test('a change for narrower scopes, too, clears its fields there, and where nothing is set changes nothing', async () => {
  const set = (scope: Scope, values: SensorConfig) => desired.patch({ scope, set: values, unset: [] }, NOW - 1000);
  set({ region: 'eu' }, { color: '#000001', emoji: 1 });
  set({ region: 'us' }, { emoji: 2 });
  set({ hostname: 'edge-eu-1' }, { color: '#000002' });
  set({ hostname: 'edge-us-1' }, { color: '#000003' });
  vi.spyOn(fleet, 'snapshot').mockResolvedValue({
    sensors: ['eu', 'us'].map((region) => ({ region, hostname: `edge-${region}-1` })),
  } as never);
  const change = { set: { color: '#00ff88' }, includeNarrower: true };
  await run({ region: 'eu' }, change);
  expect(patches.map(({ scope, unset }) => [scope, unset])).toEqual([
    [{ region: 'eu' }, []],
    [{ hostname: 'edge-eu-1' }, ['color']],
  ]);
  patches = [];
  await run({}, change);
  expect(patches.map(({ scope, unset }) => [scope, unset])).toEqual([
    [{}, []],
    [{ region: 'eu' }, ['color']],
    [{ hostname: 'edge-us-1' }, ['color']],
  ]);
  expect(desired.state).toMatchObject({ regions: { eu: { emoji: 1 }, us: { emoji: 2 } } });
  vi.restoreAllMocks();
});
