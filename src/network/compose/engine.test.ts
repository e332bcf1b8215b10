/** What the compose network makes of an engine's answers, with a stand-in for it on the PATH. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errorOf, standIns } from '../images/testing/stand-in.js';
import { Crashes } from './crashes.js';
import { GRANTS, probeDockerInside } from './docker-inside.js';
import { refuseForeign, removeVolumes } from './leftovers.js';
import { serviceImage } from './service-image.js';

const engine = standIns();
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

test('data: only what carries the folder of this `up` is removed, and without Docker there is none', async () => {
  expect(await removeVolumes('/here')).toEqual([]);
  engine.add('docker', `echo "$*" >> ${engine.folder}/calls; [ "$2" = ls ] && echo v1; true`);
  expect(await removeVolumes('/here')).toEqual(['v1']);
  expect(readFileSync(join(engine.folder, 'calls'), 'utf8').split('\n').slice(0, 2)).toEqual([
    'volume ls --quiet --filter label=wasm-sensors.state-dir=/here',
    'volume rm v1',
  ]);
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
