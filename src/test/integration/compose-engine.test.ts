/** What the compose network makes of an engine's answers, with a stand-in for it on the PATH. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containersOf } from '../../docker/containers.js';
import { removeOwned, removeOwnedVolumes, stopOwned } from '../../docker/owned-objects.js';
import { readIfExists } from '../../lib/fs/durable-files.js';
import { composeProvider } from '../../network/compose/compose-provider.js';
import { serviceImage } from '../../network/compose/compose-service-job.js';
import { requireOwnProject } from '../../network/compose/engine/compose-project.js';
import { failOnExit, watchContainers } from '../../network/compose/engine/container-watch.js';
import { GRANTS, probeDockerInside } from '../../network/compose/engine/nested-docker.js';
import { regionNetworks } from '../../network/compose/engine/region-networks.js';
import { errorOf, standIns } from '../support/stand-in.js';

const engine = standIns();
/** Logs its calls, in a shell that finds its programs. */
const add = (script: string) => engine.add('docker', `PATH=/bin:/usr/bin; ${logged}; ${script}`);
const logged = `echo "$*" >> "$(dirname "$0")"/calls`;
const DENIED = 'echo "unable to apply caps: operation not permitted" >&2; exit 125';

interface Described {
  service: string;
  owner?: string;
  state?: string;
  exitCode?: number;
  restarts?: number;
  startedAt?: string;
  networks?: Record<string, string>;
}

/** Cases of a shell script that answer as an engine with these containers does. */
function listing(...containers: Described[]): string {
  const described = containers.map(({ service, owner, state = 'running', networks = {}, ...rest }) => ({
    Name: `/p-${service}-1`,
    RestartCount: rest.restarts ?? 0,
    Config: {
      Labels: {
        'com.docker.compose.service': service,
        ...(owner === undefined ? {} : { 'wasm-sensors.state-dir': owner }),
      },
    },
    State: { Status: state, ExitCode: rest.exitCode ?? 0, StartedAt: rest.startedAt ?? 'T0' },
    NetworkSettings: {
      Networks: Object.fromEntries(Object.entries(networks).map(([name, IPAddress]) => [name, { IPAddress }])),
    },
  }));
  writeFileSync(join(engine.folder, 'containers.json'), JSON.stringify(described));
  return `ps\\ *) echo ${containers.map(({ service }) => `id-${service}`).join('; echo ')};;
    inspect\\ --type*) cat "$(dirname "$0")"/containers.json;;`;
}

/** What the stand-in was called with. */
const calls = () => (readIfExists(join(engine.folder, 'calls')) ?? '').split('\n').filter(Boolean);
/** The calls that change something. */
const changes = () => calls().filter((call) => !/^(ps|inspect|version|network ls|volume ls|logs) /.test(call));

test('where privileged containers may run, the Docker inside is one', async () => {
  engine.add('docker', 'exit 0');
  expect(await probeDockerInside('x')).toEqual({ mode: 'privileged' });
});

test.each(['1', '2'] as const)('else it gets capabilities, tried as they are (control groups %s)', async (version) => {
  engine.add(
    'docker',
    `case "$*" in *--privileged*) ${DENIED};; info*) echo ${version};; *) echo "$*" > ${engine.folder}/trial;; esac`,
  );
  expect(await probeDockerInside('x')).toEqual({ mode: GRANTS[version] });
  const trial = readFileSync(join(engine.folder, 'trial'), 'utf8');
  for (const option of GRANTS[version].security_opt) expect(trial).toContain(`--security-opt=${option}`);
});

test.each([
  ['neither is allowed', `case "$*" in info*) echo 2;; *) ${DENIED};; esac`, /neither .* nor/],
  ['the trial fails for another reason', 'echo "the moon is wrong" >&2; exit 1', /the moon is wrong/],
])('where %s there is no such node, with the reason', async (_, script, why) => {
  engine.add('docker', script);
  expect(await probeDockerInside('x')).toEqual({ mode: 'none', why: expect.stringMatching(why) });
});

test('an image that its registry does not have is refused, saying how it gets there', async () => {
  engine.add('docker', 'echo "no such manifest: r.io/x:1" >&2; exit 1');
  expect(await errorOf(serviceImage({ image: 'r.io/x:1' }))).toMatchObject({
    code: 'IMAGE_NOT_IN_REGISTRY',
    details: [expect.stringContaining('no such manifest')],
    hint: expect.stringContaining('--registry'),
  });
});

test.each(['r.io/x:1', 'docker.io/x', `r.io/x@sha256:${'ab'.repeat(32)}`])(
  '%s, which its registry has, is used',
  async (image) => {
    engine.add('docker', 'exit 0');
    expect(await serviceImage({ image })).toBe(image);
  },
);

test('a container is read from its description, also one that has no labels, no network and no health check', async () => {
  add(`case "$*" in ${listing({ service: 'a', owner: '/here', networks: { n: '10.0.0.2' } })} esac`);
  expect(await containersOf({ project: 'p' })).toEqual([
    {
      ...{ name: 'p-a-1', service: 'a', owner: '/here', state: 'running', exitCode: 0, health: undefined },
      ...{ restarts: 0, startedAt: 'T0', networks: { n: '10.0.0.2' } },
    },
  ]);
  expect(calls()[0]).toBe('ps --all --quiet --no-trunc --filter label=com.docker.compose.project=p');
  const bare = {
    ...{ Name: '/x', RestartCount: 1, Config: { Labels: null }, NetworkSettings: { Networks: null } },
    State: { Status: 'exited', ExitCode: 2, StartedAt: 'T1', Health: { Status: 'unhealthy' } },
  };
  writeFileSync(join(engine.folder, 'containers.json'), JSON.stringify([bare]));
  expect(await containersOf({ owner: '/here' })).toEqual([
    {
      ...{ name: 'x', service: '', owner: '', state: 'exited', exitCode: 2, health: 'unhealthy' },
      ...{ restarts: 1, startedAt: 'T1', networks: {} },
    },
  ]);
});

test('a container that is removed while it is described is looked for again; other failures are not', async () => {
  const gone = `[ -e "$(dirname "$0")"/again ] || { touch "$(dirname "$0")"/again; echo 'Error: No such container: x' >&2; exit 1; }`;
  add(`case "$*" in inspect*) ${gone};; esac; case "$*" in ${listing({ service: 'a' })} esac`);
  expect(await containersOf({ project: 'p' })).toHaveLength(1);
  add('case "$*" in ps*) echo id;; *) echo "Error: No such container: x" >&2; exit 1;; esac');
  expect((await errorOf(containersOf({ project: 'p' }))).message).toContain('No such container');
  add('exit 0');
  expect(await containersOf({ project: 'p' })).toEqual([]);
});

test('the containers of a folder stop in order, and each takes the time that it was given', async () => {
  add(`case "$*" in ${listing({ service: 'queue' }, { service: 'proxy' }, { service: 'edge' })} esac`);
  await stopOwned('/here', ['queue']);
  expect(changes()).toEqual(['stop p-proxy-1 p-edge-1', 'stop p-queue-1']);
});

test('what a folder made is removed by its label; what is in use stays, with the reason', async () => {
  add(`case "$*" in ${listing({ service: 'queue', owner: '/here' })}
         'network ls'*) echo p_backbone; echo p_region-us;;
         'network rm p_backbone') echo 'has active endpoints' >&2; exit 1;;
       esac`);
  expect(await removeOwned('/here')).toEqual({
    removed: ['queue', 'p_region-us'],
    kept: ['the network p_backbone: docker network rm: has active endpoints'],
  });
  expect(changes()).toEqual(['rm --force p-queue-1', 'network rm p_backbone', 'network rm p_region-us']);
  expect(calls()).toContain('network ls --filter label=wasm-sensors.state-dir=/here --format {{.Name}}');
});

test('data: the volumes of this folder are removed, and no others are looked for', async () => {
  add(`case "$*" in 'volume ls'*) echo v1; echo v2;; 'volume rm v2') echo 'volume is in use' >&2; exit 1;; esac`);
  expect(await removeOwnedVolumes('/here')).toEqual({
    removed: ['v1'],
    kept: ['the volume v2: docker volume rm: volume is in use'],
  });
  expect(calls()).toEqual([
    ...['volume ls --filter label=wasm-sensors.state-dir=/here --format {{.Name}}', 'volume rm v1', 'volume rm v2'],
  ]);
});

test.each(['cleanUp', 'removeData'] as const)(
  '%s: without Docker there is nothing, unless a network was here',
  async (part) => {
    const remove = (stateDir: string) => composeProvider[part]!(stateDir);
    expect(await remove('/here')).toEqual({ removed: [], kept: [] });
    engine.add('docker', 'echo "Cannot connect to the Docker daemon at x. Is it running?" >&2; exit 1');
    expect(await remove('/here')).toEqual({ removed: [], kept: [] });
    mkdirSync(join(engine.folder, 'compose'));
    expect((await remove(engine.folder)).kept).toEqual([expect.stringContaining('does not answer')]);
  },
);

test.each([
  ['by hand', undefined, 'exists and was started by hand'],
  ['by another folder', '/elsewhere', 'exists and belongs to /elsewhere'],
])('a project that was started %s is in use', async (_, owner, whose) => {
  const own = { service: 'queue', owner: '/here' };
  add(`case "$*" in ${listing(own, { service: 'proxy', ...(owner === undefined ? {} : { owner }) })} esac`);
  const error = await errorOf(requireOwnProject('p', '/here'));
  expect([error.code, error.exitCode, error.message]).toEqual(['PROJECT_IN_USE', 1, expect.stringContaining(whose)]);
  add(`case "$*" in ${listing(own)} esac`);
  await requireOwnProject('p', '/here');
});

test('a container that exits while the network starts is named, with its last lines', async () => {
  const containers = [
    { service: 'a', owner: '/here' },
    { service: 'sqs-proxy', owner: '/here', state: 'exited', exitCode: 2 },
  ];
  add(`case "$*" in ${listing(...containers)}
         logs*) echo 'error: no queue was named';;
       esac`);
  const project = { name: 'p', folder: engine.folder };
  const error = await errorOf(failOnExit(project, new AbortController().signal));
  expect(error).toMatchObject({ code: 'CONTAINER_FAILED', details: ['error: no queue was named'] });
  expect(error.message).toBe('sqs-proxy exited while it started (exit code 2)');
});

test('a region is cut and restored in the order of addresses, so that each container gets its own back', async () => {
  const edge = (number: number, address: string, region = 'eu') => ({
    ...{ service: `edge-${region}-${number}`, networks: { 'p_region-eu': address } },
  });
  const nodes = [edge(1, '10.0.0.10'), edge(2, '10.0.0.9'), edge(1, '10.0.1.1', 'us'), edge(3, '10.0.0.2')];
  const done = `*region-eu\\ p-edge-eu-3-1) echo 'is not connected to network' >&2; exit 1;;`;
  add(`case "$*" in ${listing(...nodes)} ${done} esac`);
  const setLink = regionNetworks('p', false);
  await setLink('eu', false);
  const cut = ['edge-eu-1', 'edge-eu-2', 'edge-eu-3'].map((name) => `network disconnect p_region-eu p-${name}-1`);
  expect(changes().sort()).toEqual(cut);
  rmSync(join(engine.folder, 'calls'));
  add(`case "$*" in ${listing(...nodes.map(({ service }) => ({ service })))} esac`);
  await setLink('eu', false);
  rmSync(join(engine.folder, 'calls'));
  await setLink('eu', true);
  expect(changes()).toEqual(
    ['edge-eu-3', 'edge-eu-2', 'edge-eu-1'].map((name) => `network connect p_region-eu p-${name}-1`),
  );
  expect(await errorOf(setLink('xx', false))).toMatchObject({ code: 'NO_SUCH_REGION' });
});

test('a region with a relay stays together: what is outside leaves its network, and returns under its own name', async () => {
  const networks = (address: string) => ({ 'p_region-eu': address });
  const containers = [
    { service: 'orchestrator', networks: networks('10.0.0.3') },
    { service: 'sqs-proxy', networks: networks('10.0.0.2') },
    { service: 'edge-eu-1', networks: networks('10.0.0.4') },
    { service: 'relay-eu', networks: networks('10.0.0.5') },
    { service: 'sqs-puller' },
  ];
  add(`case "$*" in ${listing(...containers)} esac`);
  const setLink = regionNetworks('p', true);
  await setLink('eu', false);
  expect(changes().sort()).toEqual(
    ['orchestrator', 'sqs-proxy'].map((name) => `network disconnect p_region-eu p-${name}-1`),
  );
  rmSync(join(engine.folder, 'calls'));
  await setLink('eu', true);
  expect(changes()).toEqual(
    ['sqs-proxy', 'orchestrator'].map((name) => `network connect --alias ${name} p_region-eu p-${name}-1`),
  );
});

test('a container that was killed is reported once and started again, one that was stopped on purpose is left', async () => {
  const notes: unknown[] = [];
  const stopping = new AbortController();
  const killed = { service: 'edge-us-1', state: 'exited', exitCode: 137 };
  const moved = { service: 'sqs-puller', state: 'exited', exitCode: 0 };
  add(`case "$*" in ${listing({ service: 'a' }, killed, moved)} logs*) echo 'bye';; esac`);
  const watching = watchContainers({
    ...{ project: { name: 'p', folder: engine.folder }, everyMs: 20, signal: stopping.signal },
    ...{ emit: (event) => notes.push(event), onRestart: () => {}, resting: new Set(['sqs-puller']) },
  });
  await expect.poll(() => changes().length, { timeout: 20_000 }).toBeGreaterThan(2);
  stopping.abort();
  await watching;
  expect(new Set(changes())).toEqual(new Set(['start p-edge-us-1-1']));
  expect(notes).toEqual([{ type: 'container.exited', service: 'edge-us-1', exitCode: 137, lastLines: ['bye'] }]);
});

test('crashes and silence of the engine are reported once each; being stopped is neither', async () => {
  const notes: unknown[] = [];
  const restarted: string[] = [];
  const stopping = new AbortController();
  const gone = join(engine.folder, 'gone');
  const answer = (...containers: Described[]) =>
    add(`[ ! -e ${gone} ] || { echo 'Cannot connect to the Docker daemon at x.' >&2; exit 1; }
         case "$*" in ${listing(...containers)} logs*) echo "lines of $*";; esac`);
  const looks = (count: number) => {
    const before = calls().length;
    return expect.poll(() => calls().length, { timeout: 20_000 }).toBeGreaterThan(before + 3 * count);
  };
  answer({ service: 'a' }, { service: 'b' });
  const watching = watchContainers({
    ...{ project: { name: 'p', folder: engine.folder }, everyMs: 20, signal: stopping.signal },
    emit: (event) => notes.push(event),
    onRestart: (service) => restarted.push(service),
    resting: new Set(),
  });
  await looks(1);
  answer({ service: 'a' }, { service: 'b', restarts: 1, startedAt: 'T1' });
  await looks(3);
  const lastLines = ['lines of logs --tail 2 --until T1 p-b-1'];
  const crash = { type: 'container.crashed', service: 'b', lastLines };
  expect([notes, restarted]).toEqual([[crash], ['b']]);
  writeFileSync(gone, '');
  await looks(2);
  const silence = { type: 'docker.silent', reason: 'Docker is installed, but its engine does not answer' };
  expect(notes).toEqual([crash, silence]);
  rmSync(gone);
  await looks(2);
  expect(notes).toEqual([crash, silence, { type: 'docker.answering' }]);
  stopping.abort();
  await watching;
  expect([notes.length, restarted]).toEqual([3, ['b']]);
});
