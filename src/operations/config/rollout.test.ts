import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Convergence, SensorState, SensorView } from '../../fleet/fleet-view.js';
import { AppError } from '../../lib/errors/app-error.js';
import { configOf, type DesiredState } from '../../protocol/desired-config.js';
import { type DesiredConfigStore, desiredConfigStore } from '../../proxy/desired-config-store.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import type { Change } from './apply-to-proxies.js';
import { type RollOutOptions, rollOut } from './rollout.js';

const NOW = 1_750_000_000_000;
const change = { set: { interval: 2 }, unset: [], replace: false };

/** Everything that happened, in order. */
let log: string[];
let desired: DesiredConfigStore;
let sensors: SensorView[];
/** Called at every snapshot, so that a test lets sensors send. */
let onSnapshot: (count: number) => void;
let convergence: (region: string) => Convergence | Promise<Convergence>;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  log = [];
  desired = desiredConfigStore();
  sensors = ['us', 'eu', 'as'].map((region) => sensor(region, 'live'));
  onSnapshot = () => {
    for (const one of sensors) one.sequence++;
  };
  convergence = (region) =>
    ({ sensors: 1, converged: 1, pending: [], gone: 0, newest: desired.version, region }) as never;
});
afterEach(() => {
  vi.useRealTimers();
});

const sensor = (region: string, state: SensorState, intervalMs = 5000): SensorView =>
  ({
    ...{ execution_id: `e-${region}`, hostname: `edge-${region}-1`, region, state, sequence: 5 },
    config: { intervalMs },
  }) as SensorView;

/** A module that sends readings and knows nothing of configuration. */
const mute = (region: string): SensorView => ({ ...sensor(region, 'live'), execution_id: 'm', config: undefined });

const fleet = {
  snapshot: async () => {
    log.push('snapshot');
    onSnapshot(log.length);
    return { sensors: structuredClone(sensors) };
  },
  convergence: async (_state: DesiredState, scope: { region: string }) => {
    // Asked for the newest version of all.
    if (!scope.region) return { newest: 0 };
    log.push(`convergence of ${scope.region}`);
    return convergence(scope.region);
  },
} as unknown as FleetClient;

const proxy = (url: string, patch?: () => Promise<number>): ProxyClient =>
  ({
    url,
    state: async () => desired.state,
    revoked: async () => [],
    patch: async (asked: Change) => {
      const { region } = asked.scope as { region: string };
      log.push(`change of ${region}`);
      return patch ? patch() : desired.patch(asked, Date.now()).version;
    },
  }) as unknown as ProxyClient;

const reports: RollOutOptions = {
  timeoutMs: 1000,
  onProgress: () => {},
  onFailed: (failed) => log.push(`failed: ${failed.map(({ url }) => url)}`),
  onRegion: (region, { converged }, sending) => log.push(`${region}: ${converged}${sending ? ' sending' : ''}`),
};

async function run(regions: string[], proxies = [proxy('http://a')]) {
  const began = Date.now();
  const outcome = rollOut({ proxies, fleet }, regions, change, reports).then(
    (result) => ({ result, seconds: (Date.now() - began) / 1000 }),
    (error: AppError) => ({ error, seconds: (Date.now() - began) / 1000 }),
  );
  await vi.advanceTimersByTimeAsync(120_000);
  return outcome;
}

test('a region is changed only when the one before has converged and sends', async () => {
  expect(await run(['us', 'eu'])).toMatchObject({ result: { version: NOW + 1, failed: [] } });
  const steps = (region: string) => [
    ...[`change of ${region}`, 'failed: ', `convergence of ${region}`],
    ...['snapshot', 'snapshot', `${region}: 1 sending`],
  ];
  expect(log).toEqual(['snapshot', ...steps('us'), ...steps('eu')]);
  expect(configOf(desired.state, { region: 'us' })).toMatchObject({ interval: 2 });
  expect(configOf(desired.state, { region: 'eu' })).toMatchObject({ interval: 2 });
  expect(desired.state.regions).not.toHaveProperty('as');
});

test.each([
  ['live', true],
  ['paused', true],
  ['silent', true],
  ['gone', false],
  ['replaced', false],
] as const)('a region whose only sensor is %s can be rolled out to: %s', async (state, can) => {
  sensors[1]!.state = state;
  onSnapshot = (count) => {
    if (count === 1) return;
    sensors[1]!.state = 'live';
    sensors[1]!.sequence++;
  };
  const outcome = await run(['eu']);
  if (can) expect(outcome).toHaveProperty('result');
  else {
    expect(outcome).toMatchObject({
      error: {
        ...{ code: 'NO_SENSORS', fault: 'user', hint: 'Nothing was changed.' },
        message: 'no sensor of eu sends; regions with sensors: us, as',
      },
    });
    expect(log).toEqual(['snapshot']);
  }
});

test('regions without sensors are all named, before anything is changed', async () => {
  sensors = [];
  const { error } = (await run(['us', 'asx'])) as { error: AppError };
  expect(error.message).toBe('no sensor of us, asx sends; regions with sensors: none');
  expect(desired.version).toBe(0);
});

test('it stops at a region that does not converge; the regions after it stay as they are', async () => {
  const pending = [{ hostname: 'edge-eu-1', region: 'eu', state: 'silent' as const }];
  const us = convergence;
  convergence = (region) => (region === 'eu' ? { sensors: 2, converged: 1, pending, gone: 0, newest: 0 } : us(region));
  const { error } = (await run(['us', 'eu', 'as'])) as { error: AppError };
  expect(error).toMatchObject({
    ...{ code: 'ROLLOUT_STOPPED', fault: 'system', cause: { code: 'NOT_CONVERGED' } },
    message: 'the roll-out stopped at eu: region eu: 1/2 sensors converged in 1 s',
    details: ['pending: edge-eu-1 (eu), silent: cut off?'],
    hint: 'as was not changed. Fix eu and run it again, or undo it with `wasm-sensors config unset --region eu …`.',
  });
  expect(Object.keys(desired.state.regions)).toEqual(['us', 'eu']);
});

test('the hint names every region that is left, or none', async () => {
  convergence = () => Promise.reject(new Error('the puller is gone'));
  const hint = async (regions: string[]) => ((await run(regions)) as { error: AppError }).error.hint;
  expect(await hint(['us', 'eu', 'as'])).toMatch(/^eu, as were not changed\. Fix us /);
  expect(await hint(['us'])).toMatch(/^Fix us /);
  expect(((await run(['us'])) as { error: AppError }).error.details).toEqual([]);
});

test('what the proxy refuses stops it, with the reason', async () => {
  const refuses = proxy('http://a', () => Promise.reject(new AppError('TOKEN_WRONG', 'the token is wrong')));
  const { error } = (await run(['us', 'eu'], [refuses])) as { error: AppError };
  expect(error).toMatchObject({ code: 'ROLLOUT_STOPPED', message: expect.stringContaining('the token is wrong') });
  expect([error.details, log]).toEqual([[], ['snapshot', 'change of us']]);
});

test('a proxy that does not hold the change is reported once', async () => {
  const away = {
    url: 'http://b',
    state: () => Promise.reject(new AppError('PROXY_GONE', 'away')),
    revoked: async () => [],
  } as never;
  const { result } = (await run(['us', 'eu'], [proxy('http://a'), away])) as never;
  expect(result).toMatchObject({ failed: [{ url: 'http://b', reason: 'away' }] });
  expect(log.filter((step) => step.startsWith('failed'))).toEqual(['failed: http://b', 'failed: ']);
});

test('sensors that are paused after the change need not send', async () => {
  sensors.push({ ...sensor('us', 'silent'), execution_id: 'another' });
  onSnapshot = () => {
    sensors[0]!.state = 'paused';
  };
  expect(await run(['us'])).toMatchObject({ seconds: 0, result: { failed: [] } });
  expect(log.at(-1)).toBe('us: 1');
});

test('a region where nothing is live nor paused after the change has stopped', async () => {
  onSnapshot = () => {
    sensors[0]!.state = 'silent';
  };
  expect(await run(['us'])).toMatchObject({
    ...{ seconds: 0, error: { code: 'ROLLOUT_STOPPED' } },
    error: {
      ...{ cause: { code: 'STOPPED_SENDING' }, details: [] },
      message: 'the roll-out stopped at us: no sensor of us sends after the change',
    },
  });
});

test.each([
  // Twice the interval, at least a second, and 3 s.
  ['an interval of 4 s', [4000], 11],
  ['a short interval', [50], 5],
  ['the default interval', [undefined], 13],
  ['several intervals', [2000, 3000], 9],
] as const)('sensors that converge and send nothing more stop it: %s', async (_, intervals, seconds) => {
  sensors = intervals.map((ms, i) => ({
    ...sensor('us', 'live', ms),
    execution_id: `e-${i}`,
    hostname: `edge-us-${i}`,
  }));
  onSnapshot = () => {};
  expect(await run(['us'])).toMatchObject({
    seconds,
    error: {
      ...{ code: 'ROLLOUT_STOPPED', cause: { code: 'STOPPED_SENDING', fault: 'system' } },
      message: `the roll-out stopped at us: ${sensors.length} of ${sensors.length} sensors sent nothing after the change`,
      details: sensors.map(({ hostname }) => hostname),
    },
  });
});

test('a module that takes no configuration need not send, and is no sensor to roll out to', async () => {
  sensors = [sensor('us', 'live'), mute('us'), mute('eu')];
  onSnapshot = () => {
    sensors[0]!.sequence++;
  };
  expect(await run(['us'])).toMatchObject({ result: { failed: [] } });
  expect(await run(['us', 'eu'])).toMatchObject({ error: { code: 'NO_SENSORS' } });
});

test('of many that stopped ten are named; those that send are not', async () => {
  sensors = Array.from({ length: 13 }, (_, i) => ({
    ...{ ...sensor('us', 'live', 50), execution_id: `e-${i}`, hostname: `edge-us-${i}` },
  }));
  onSnapshot = () => {
    sensors[0]!.sequence++;
  };
  const { error } = (await run(['us'])) as { error: AppError };
  expect(error.message).toContain('12 of 13 sensors');
  expect(error.details).toEqual([...Array.from({ length: 10 }, (_, i) => `edge-us-${i + 1}`), 'and 2 more']);
});

test('a sensor that a newer submission replaces meanwhile has not stopped, one that vanishes has', async () => {
  onSnapshot = (count) => {
    if (count > 5) sensors[0]!.state = 'replaced';
  };
  expect(await run(['us'])).toMatchObject({ result: { failed: [] } });
  sensors[0]!.state = 'live';
  onSnapshot = (count) => {
    if (count > 5) sensors = [];
  };
  log = [];
  expect(await run(['us'])).toMatchObject({ error: { cause: { code: 'STOPPED_SENDING' } } });
});
