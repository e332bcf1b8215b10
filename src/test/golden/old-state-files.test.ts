/** Files of the state folder that an earlier version wrote are read, and gone on with. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadProvider } from '../../network/registry.js';
import { desiredConfigStore } from '../../proxy/desired-config-store.js';
import { createProxy } from '../../proxy/proxy.js';
import type { Queue } from '../../queue/queue.js';
import { type RunState, readRunState, writeRunState } from '../../runtime/run-state.js';
import type { Cluster } from '../../sensor-host/cluster.js';
import { keepJobs } from '../../sensor-host/jobs-file.js';
import { toJson } from './normalize.js';

const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
const recorded = (name: string) => `./recorded/old-files/${name}`;
const NOW = 1_750_000_000_000;

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'golden-state-'));
});
afterEach(() => {
  rmSync(stateDir, { recursive: true });
});

describe('the proxy’s desired configuration', () => {
  const path = () => join(stateDir, 'desired.json');

  test('of an earlier version, as it is read and gone on with', async () => {
    copyFileSync(join(FIXTURES, 'desired.json'), path());
    const desired = desiredConfigStore(path());
    const proxy = createProxy({ queue: {} as Queue, desired, guard: { operatorToken: 't' } });
    const get = async (address: string) => (await proxy.app.request(address)).json();
    const found = {
      '/config': await get('/config'),
      'eu, edge-eu-1': await get('/config/effective?region=eu&hostname=edge-eu-1'),
      'eu, another host': await get('/config/effective?region=eu&hostname=edge-eu-2'),
      'us, another host': await get('/config/effective?region=us&hostname=edge-us-1'),
    };
    // Earlier versions kept the time of every value, to merge changes that were made at several proxies.
    const written = readFileSync(join(FIXTURES, 'desired.json'), 'utf8');
    const kept = JSON.parse(written, (key, value) => (key === 'changed' ? undefined : value));
    expect(found['/config']).toEqual(kept);
    await expect(toJson(found)).toMatchFileSnapshot(recorded('desired-read.json'));
    // An older clock does not give out a version twice.
    expect(desired.patch({ scope: {}, set: { emoji: 1 }, unset: [] }, NOW - 1).version).toBe(desired.version);
    expect(desiredConfigStore(path()).state.fleet).toMatchObject({ color: '#00ff88', emoji: 1 });
  });
});

describe('run.json', () => {
  const KINDS = ['embedded', 'native', 'compose', 'remote'] as const;

  /** What a fixture says, in the words of today. */
  function fixtureState(kind: string): RunState {
    const { network, facts, ...rest } = JSON.parse(readFileSync(join(FIXTURES, `run-${kind}.json`), 'utf8'));
    return { ...rest, kind: network, connection: facts };
  }

  async function openNetwork({ kind, connection }: RunState) {
    const provider = await loadProvider(kind);
    const context = { token: 't', stateDir, setRegionLink: async () => {} };
    return provider.open(provider.connectionSchema.parse(connection), context);
  }

  test.each(KINDS)('of an earlier version: %s', async (kind) => {
    copyFileSync(join(FIXTURES, `run-${kind}.json`), join(stateDir, 'run.json'));
    const state = readRunState(stateDir)!;
    expect(state).toEqual({ ...fixtureState(kind), alive: false });
    const network = await openNetwork(state);
    const { alive, ...plain } = state;
    writeRunState(stateDir, plain);
    const found = {
      ...{ alive, kind: network.kind, network: state.kind, up: state.up, endpoints: state.endpoints },
      sensorProxyUrl: Object.fromEntries(
        ['us', 'eu', 'as', 'other'].map((region) => [region, network.sensorProxyUrl(region)]),
      ),
      hasConfigFiles: network.configFile !== undefined,
      writtenAgain:
        readFileSync(join(stateDir, 'run.json'), 'utf8') === readFileSync(join(FIXTURES, `run-${kind}.json`), 'utf8'),
    };
    await expect(toJson(found)).toMatchFileSnapshot(recorded(`run-${kind}.json`));
  });

  test.each(KINDS)('of %s without what its network needs is refused', async (kind) => {
    await expect(openNetwork({ ...fixtureState(kind), connection: {} })).rejects.toThrow();
  });
});

describe('the jobs of the sensor host', () => {
  const path = () => join(stateDir, 'embedded-jobs.json');
  const submitted: unknown[] = [];
  const cluster = {
    submit: async (spec: { name: string }, { jobId }: { jobId?: string } = {}) => {
      submitted.push({ ...spec, jobId });
      return { jobId: jobId ?? `j-${spec.name}`, version: 1, unchanged: false };
    },
    stop: () => true,
    close: async () => {},
  } as unknown as Cluster;
  beforeEach(() => void submitted.splice(0));

  test('of an earlier version run again under their ids', async () => {
    copyFileSync(join(FIXTURES, 'embedded-jobs.json'), path());
    const said: string[] = [];
    await keepJobs(cluster, path(), (job) => said.push(job)).resume();
    await expect(toJson({ submitted, said })).toMatchFileSnapshot(recorded('jobs-resumed.json'));
  });
});

test('the fixtures are small, and all of them are known', () => {
  const names = readdirSync(FIXTURES).sort();
  for (const name of names) expect(statSync(join(FIXTURES, name)).size, name).toBeLessThan(100_000);
  expect(names).toEqual([
    ...['README.md', 'desired.json', 'embedded-jobs.json', 'queue-fifo.db', 'queue.db', 'readings.db'],
    ...['run-compose.json', 'run-embedded.json', 'run-native.json', 'run-remote.json'],
  ]);
});
