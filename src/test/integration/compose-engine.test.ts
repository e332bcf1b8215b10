/** What the compose network makes of an engine's answers, with a stand-in for it on the PATH. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuseForeign, removeOrphans, removeUnknownOrphans } from '../../network/compose/compose-orphans.js';
import { removeVolumes } from '../../network/compose/compose-volumes.js';
import { Crashes } from '../../network/compose/crashes.js';
import { GRANTS, probeDockerInside } from '../../network/compose/nested-docker.js';
import { claimProject } from '../../network/compose/project-claim.js';
import { serviceImage } from '../../network/compose/service-image.js';
import { errorOf, standIns } from '../support/stand-in.js';

const engine = standIns();
/** Logs its calls, in a shell that finds its programs. */
const add = (script: string) => engine.add('docker', `PATH=/bin:/usr/bin; ${logged}; ${script}`);
const logged = `echo "$*" >> "$(dirname "$0")"/calls`;
const NO_VOLUME = 'echo "Error: No such volume: x" >&2; exit 1';
const DENIED = 'echo "unable to apply caps: operation not permitted" >&2; exit 125';

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

/** What the stand-in was called with. */
const calls = () => readFileSync(join(engine.folder, 'calls'), 'utf8').split('\n').filter(Boolean);

test('data: what this folder made is removed, and without Docker there is none', async () => {
  expect(await removeVolumes('/here')).toEqual({ removed: [], kept: [] });
  add(`case "$1 $2" in 'volume ls') printf 'v1\\tp\\t/here\\n';; 'volume inspect') ${NO_VOLUME};; esac`);
  expect(await removeVolumes('/here')).toEqual({ removed: ['v1'], kept: [] });
  expect(calls()).toContain('volume rm v1');
});

test('data: what others left is removed with the network that went on with it, and kept without one', async () => {
  const state = mkdtempSync(join(tmpdir(), 'state-'));
  mkdirSync(join(state, 'compose'));
  writeFileSync(join(state, 'compose', '.env'), 'COMPOSE_PROJECT_NAME=p\n');
  add(`case "$*" in 'volume ls'*project=p*) printf 'v1\\tp\\t/other\\n';; 'volume inspect'*) ${NO_VOLUME};; esac`);
  expect(await removeVolumes(state)).toEqual({ removed: [], kept: ['v1: it was made by /other'] });
  expect(await removeVolumes(state, 'p')).toEqual({ removed: ['v1'], kept: [] });
  rmSync(state, { recursive: true });
});

test.each([
  ['whose containers are', `printf 'p-queue-1\\trunning\\tUp\\tqueue\\t/other\\tp_backbone\\n'`, NO_VOLUME],
  ['that was claimed by', 'true', `printf '/other\\telsewhere 1 1\\n'`],
])('data of a network %s another folder stay', async (_, containers, claim) => {
  add(
    `case "$1 $2" in 'volume ls') printf 'v1\\tp\\t/here\\n';; 'ps '*) ${containers};; 'volume inspect') ${claim};; esac`,
  );
  expect(await removeVolumes('/here', 'p')).toEqual({ removed: [], kept: ['v1: /other uses it'] });
  expect(calls().join()).not.toContain('volume rm');
});

test('a network that a container of somebody else is in stays, and is told with what holds it', async () => {
  add(`case "$1 $2" in
         'ps '*) printf 'p-queue-1\\trunning\\tUp\\tqueue\\t/here\\tp_backbone\\n';;
         'network ls') echo p_backbone; echo p_region-us;;
         'network rm') [ "$3" = p_region-us ] || { echo 'has active endpoints' >&2; exit 1; };;
         'network inspect') echo 'guest ';;
       esac`);
  const kept = ['the network p_backbone: guest is still in it'];
  expect(await removeOrphans('/here')).toEqual({ removed: ['queue', 'p_region-us'], kept });
});

test('where nobody knows of a network, a Docker that is not there or does not answer has none', async () => {
  expect(await removeUnknownOrphans('/here')).toEqual({ removed: [], kept: [] });
  engine.add('docker', 'echo "Cannot connect to the Docker daemon at x. Is it running?" >&2; exit 1');
  expect(await removeUnknownOrphans('/here')).toEqual({ removed: [], kept: [] });
  mkdirSync(join(engine.folder, 'compose'));
  expect((await removeUnknownOrphans(engine.folder)).kept).toEqual([expect.stringContaining('does not answer')]);
});

/** An engine with one volume: the first to make it gives it its labels. */
const ONE_VOLUME = `f="$(dirname "$0")"/claim
  case "$1 $2" in
    'volume create') [ -e $f ] || printf '%s\\t%s\\n' "\${4#*=}" "\${6#*=}" > $f;;
    'volume inspect') [ -e $f ] || { ${NO_VOLUME}; }; cat $f;;
    'volume rm') rm -f $f;;
  esac`;

test('a name is had by the first that claims it; a claim whose `up` is dead counts for nothing', async () => {
  add(ONE_VOLUME);
  const claim = join(engine.folder, 'claim');
  await claimProject('p', '/here');
  await claimProject('p', '/here');
  expect(readFileSync(claim, 'utf8')).toContain('/here\t');
  const error = await errorOf(claimProject('p', '/elsewhere'));
  expect([error.code, error.message]).toEqual(['PROJECT_IN_USE', expect.stringContaining('belongs to /here')]);
  writeFileSync(claim, `/here\t${hostname()} 1 0\n`);
  await claimProject('p', '/elsewhere');
  expect(readFileSync(claim, 'utf8')).toContain('/elsewhere\t');
  writeFileSync(claim, '/here\tanother-machine 1 0\n');
  expect((await errorOf(claimProject('p', '/elsewhere'))).hint).toContain('docker volume rm p_claim');
});

test.each([
  ['', 'was started by hand'],
  ['/elsewhere', 'belongs to /elsewhere'],
])('a network of the same name whose owner is %j is left alone', async (owner, whose) => {
  engine.add('docker', `printf 'p-queue-1\\trunning\\tUp\\tqueue\\t${owner}\\tp_backbone\\n'`);
  const error = await errorOf(refuseForeign('p', '/here'));
  expect([error.code, error.message]).toEqual(['PROJECT_IN_USE', expect.stringContaining(whose)]);
});

test('a crash that Docker mended is told once, with the last lines of the run before', async () => {
  const containers = [
    { name: 'p-a-1', service: 'a' },
    { name: 'p-b-1', service: 'b' },
  ];
  const crashes = new Crashes();
  const counts = (a: number, b: number) =>
    engine.add('docker', `case "$1" in inspect) echo '${a} T1'; echo '${b} T2';; logs) echo "what $* says";; esac`);
  counts(0, 0);
  expect(await crashes.since(containers)).toEqual([]);
  counts(0, 1);
  expect(await crashes.since(containers)).toEqual([
    { service: 'b', words: ['what logs --tail 2 --until T2 p-b-1 says'] },
  ]);
  expect(await crashes.since(containers)).toEqual([]);
  // Started by hand, a container counts from 0 again.
  counts(0, 0);
  expect(await crashes.since(containers)).toEqual([]);
});
