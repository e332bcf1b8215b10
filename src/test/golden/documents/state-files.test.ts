/** The small files of the state folder: as they are written, with their modes, and as they are read again. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withFileLock } from '../../../lib/fs/file-lock.js';
import { keepToken, readToken } from '../../../lib/net/bearer-token.js';
import { lastLines, openLog } from '../../../lib/process/log-file.js';
import { regionConfigFile } from '../../../network/region-file.js';
import { loadProvider } from '../../../network/registry.js';
import { hostnameForwarded, keepHostnameForwarded } from '../../../network/remote/hostname-forwarding.js';
import { forgetSecrets, keepSecrets, readSecrets } from '../../../network/remote/remote-secrets.js';
import { DesiredConfigStore } from '../../../proxy/desired-config-store.js';
import { createProxy } from '../../../proxy/proxy.js';
import type { Queue } from '../../../queue/queue.js';
import {
  claimRunState,
  clearRunState,
  quarantineDamagedState,
  type RunState,
  readRunState,
  writeRunState,
} from '../../../runtime/run-state.js';
import type { Cluster } from '../../../sensor-host/cluster.js';
import { keepJobs } from '../../../sensor-host/jobs-file.js';
import { normalize, toFailure, toJson } from '../normalize.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const recorded = (name: string) => `../recorded/documents/state/${name}`;
const NOW = 1_750_000_000_000;

let stateDir: string;
let umask: number;
beforeEach(() => {
  umask = process.umask(0o022);
  stateDir = mkdtempSync(join(tmpdir(), 'golden-state-'));
});
afterEach(() => {
  process.umask(umask);
  rmSync(stateDir, { recursive: true });
});

/** Every file and folder with its mode, and every file's text. */
function describeState({ texts = true } = {}): string {
  const entries = readdirSync(stateDir, { recursive: true, withFileTypes: true });
  const lines = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const head = `${path.slice(stateDir.length + 1)}${entry.isDirectory() ? '/' : ''} ${modeOf(path)}\n`;
    return [path, entry.isFile() && texts ? `${head}${readFileSync(path, 'utf8')}\n` : head] as const;
  });
  const sorted = lines.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return normalize(sorted.join(''), [
    [stateDir, '<state>'],
    [new RegExp(`(?<="pid":)${process.pid}\\b`), '<pid>'],
    [/(?<="started":)"\d+"/, '<start>'],
  ]);
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('the proxy’s desired configuration', () => {
  const path = () => join(stateDir, 'desired.json');

  test('as it is written', async () => {
    const desired = new DesiredConfigStore(path());
    const change = (scope: object, set: object, unset: string[], now: number) =>
      desired.patch({ scope, set, unset } as Parameters<typeof desired.patch>[0], now);
    change({}, { color: '#00ff88', interval: 0.05 }, [], NOW);
    change({ region: 'eu' }, { color: 'random', emoji: -1, paused: true }, [], NOW + 1000);
    change({ hostname: 'edge-eu-1' }, { random_off: true, emoji: 3 }, [], NOW + 1000);
    change({ region: 'eu' }, {}, ['paused'], NOW + 3000);
    await expect(describeState()).toMatchFileSnapshot(recorded('desired.txt'));
  });

  test('of an earlier version, as it is read and gone on with', async () => {
    copyFileSync(join(FIXTURES, 'desired.json'), path());
    const desired = new DesiredConfigStore(path());
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
    expect(new DesiredConfigStore(path()).state.fleet).toMatchObject({ color: '#00ff88', emoji: 1 });
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

  test('is claimed once, cleared by its own `up`, and quarantined when it is damaged', () => {
    const state = fixtureState('embedded');
    expect([claimRunState(stateDir, state), claimRunState(stateDir, { ...state, began: 1 })]).toEqual([true, false]);
    expect(readRunState(stateDir)).toMatchObject({ began: NOW });
    expect(readdirSync(stateDir)).toEqual(['run.json']);
    expect(modeOf(join(stateDir, 'run.json'))).toBe('600');
    clearRunState(stateDir, { ...state.up, started: 'another' });
    clearRunState(stateDir, { ...state.up, pid: 1 });
    expect(readdirSync(stateDir)).toEqual(['run.json']);
    clearRunState(stateDir, state.up);
    expect(readdirSync(stateDir)).toEqual([]);
    writeFileSync(join(stateDir, 'run.json'), '{"up":');
    expect(() => readRunState(stateDir)).toThrow(expect.objectContaining({ code: 'STATE_DAMAGED' }));
    expect(quarantineDamagedState(stateDir)).toBe(join(stateDir, 'run.json.damaged'));
    expect(readdirSync(stateDir)).toEqual(['run.json.damaged']);
  });

  test.each(KINDS)('of %s without what its network needs is refused', async (kind) => {
    await expect(openNetwork({ ...fixtureState(kind), connection: {} })).rejects.toThrow();
  });
});

describe('the jobs of the sensor host', () => {
  const path = () => join(stateDir, 'embedded-jobs.json');
  const submitted: unknown[] = [];
  const cluster = {
    submit: async (spec: { name: string }, jobId?: string) => {
      submitted.push({ ...spec, jobId });
      return { jobId: jobId ?? `j-${spec.name}`, version: 1, unchanged: false };
    },
    stop: () => true,
    close: async () => {},
  } as unknown as Cluster;
  beforeEach(() => void submitted.splice(0));

  const spec = (name: string, type: 'daemon' | 'ops' | 'batch', over: object = {}) => ({
    ...{ name, region: 'eu', module: 'publisher' as const, type, args: ['--proxy=http://p'], env: {}, mounts: [] },
    ...over,
  });

  test('as they are written, stopped and forgotten', async () => {
    const kept = keepJobs(
      cluster,
      path(),
      () => {},
      () => {},
    );
    const parts: string[] = [];
    const look = (what: string) => void parts.push(`-- ${what}\n${describeState()}`);
    const mounts = [{ target: '/config/sensor.yaml', source: '/state/config/eu.yaml' }];
    await kept.submit(spec('publisher-eu', 'daemon', { mounts }));
    await kept.submit(spec('publisher-us', 'daemon', { region: 'us', args: ['--color=#00ff88', 'ü'] }));
    await kept.submit(spec('once', 'ops'));
    await kept.submit(spec('config-updater-eu', 'batch'));
    look('two that run for ever, two that end');
    await kept.submit(spec('publisher-us', 'daemon', { region: 'us', args: [] }));
    kept.stop('publisher-eu');
    look('one was replaced, one was stopped');
    kept.stop('publisher-us');
    look('none is left');
    await kept.submit(spec('publisher-eu', 'daemon'));
    await kept.close();
    look('closed');
    await expect(parts.join('\n')).toMatchFileSnapshot(recorded('jobs.txt'));
  });

  test('of an earlier version run again under their ids', async () => {
    copyFileSync(join(FIXTURES, 'embedded-jobs.json'), path());
    const said: string[] = [];
    await keepJobs(
      cluster,
      path(),
      (text) => said.push(text),
      () => {},
    ).resume();
    await expect(toJson({ submitted, said })).toMatchFileSnapshot(recorded('jobs-resumed.json'));
  });

  test('that are damaged are quarantined', async () => {
    writeFileSync(path(), '[{"jobId":1}]');
    const said: string[] = [];
    await keepJobs(
      cluster,
      path(),
      (text) => said.push(text),
      () => {},
    ).resume();
    expect(submitted).toEqual([]);
    const text = normalize(`${said.join('\n')}\n\n${describeState()}`, [[stateDir, '<state>']]);
    await expect(text).toMatchFileSnapshot(recorded('jobs-damaged.txt'));
  });
});

describe('others', () => {
  test('the token', async () => {
    const path = join(stateDir, 'new', 'token');
    const token = keepToken(path);
    expect([keepToken(path), readToken(path), readFileSync(path, 'utf8')]).toEqual([token, token, `${token}\n`]);
    expect(token).toMatch(/^[\w-]{32}$/);
    await expect(describeState({ texts: false })).toMatchFileSnapshot(recorded('token.txt'));
    for (const [text, found] of [
      ['', undefined],
      [' \n', undefined],
      ['mine\n', 'mine'],
      [' a b \r\n', 'a b'],
    ] as const) {
      writeFileSync(path, text);
      expect(readToken(path)).toBe(found);
    }
    writeFileSync(path, 'zwei\nZeilen');
    const failure = toFailure(
      await Promise.resolve()
        .then(() => readToken(path))
        .catch((error) => error),
    );
    await expect(normalize(toJson(failure), [[stateDir, '<state>']])).toMatchFileSnapshot(
      recorded('token-damaged.json'),
    );
  });

  test('what sensors of a region read', async () => {
    const found = ['eu', 'eu west/1', '..'].map((region) =>
      regionConfigFile(join(stateDir, 'config'), region, '/on/node'),
    );
    writeFileSync(found[0]!.here, 'color: "#123456"\n');
    regionConfigFile(join(stateDir, 'config'), 'eu');
    const text = `${normalize(toJson(found), [[stateDir, '<state>']])}\n${describeState()}`;
    await expect(text).toMatchFileSnapshot(recorded('config-files.txt'));
  });

  test('what is known of a remote cluster', async () => {
    const place = (region: string, host = '10.0.0.5') => ({ stateDir, api: { host, port: 1234 }, region });
    const known = () =>
      [place('eu'), place('us'), place('as/1'), place('eu', '::1')].map((one) => hostnameForwarded(one) ?? null);
    const before = known();
    keepHostnameForwarded(place('eu'), true);
    keepHostnameForwarded(place('us'), false);
    keepHostnameForwarded(place('as/1'), true);
    keepSecrets(stateDir, { sensorEnv: { SENSOR_TOKEN: 't' }, credentials: { username: 'me', password: 'pw' } });
    const found = { before, after: known(), secrets: readSecrets(stateDir) };
    const text = `${toJson(found)}\n${describeState()}`;
    await expect(text).toMatchFileSnapshot(recorded('remote.txt'));
    forgetSecrets(stateDir);
    expect(readSecrets(stateDir)).toEqual({ sensorEnv: {} });
    expect(readdirSync(join(stateDir, 'remote'))).toEqual(['forwarding']);
  });

  test('a lock while it is held', async () => {
    let held = '';
    await withFileLock(join(stateDir, 'deploy.lock'), 1000, async () => {
      held = describeState();
    });
    await expect(held).toMatchFileSnapshot(recorded('lock.txt'));
    expect(readdirSync(stateDir)).toEqual([]);
  });

  test('logs', async () => {
    const path = join(stateDir, 'proxy.log');
    const parts: string[] = [];
    const run = async (text: string) => {
      const { closeSync, writeSync } = await import('node:fs');
      const { fd, from } = openLog(path, 20);
      writeSync(fd, text);
      closeSync(fd);
      parts.push(`-- from byte ${from}\n${describeState()}`);
    };
    await run('the first run\n');
    await run('the second run\n');
    await run('the third run\n');
    await run('the fourth run, which is long\n');
    await run('the fifth run\n');
    const last = [lastLines(path, 1), lastLines(path, 5), lastLines(path, 5, 14), lastLines(join(stateDir, 'none'), 3)];
    await expect(`${parts.join('\n')}\n${toJson(last)}`).toMatchFileSnapshot(recorded('logs.txt'));
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
