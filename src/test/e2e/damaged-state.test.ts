/** Files of the state folder that are damaged, and a disk that is full: said, and no reason not to come up or to end. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive } from '../../lib/process/process-id.js';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { canMount, fillDisk, NEEDS_MOUNT } from '../support/small-disk.js';

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
  mkdirSync(sandbox.stateDir);
});

afterEach(() => sandbox.close());

const inState = (name: string) => join(sandbox.stateDir, name);
const plain = ({ stderr }: { stderr: string }) => expect(stderr).not.toMatch(/^\s+at |bug:/m);
const ready = () => eventually('a ready system', () => sandbox.state().phase === 'ready');

/** Ends what runs, which must leave nothing. */
async function endAll(): Promise<void> {
  const { up, children } = sandbox.state();
  const down = await sandbox.run(['down']);
  expect([down.code, [up, ...children].filter(isAlive)]).toEqual([0, []]);
  expect(existsSync(inState('run.json'))).toBe(false);
}

test.each(['', '{"up":{"pid":"x"}}'])('run.json with %j: `status` names it, `down` sets it aside', async (text) => {
  writeFileSync(inState('run.json'), text);
  const status = await sandbox.run(['status']);
  expect([status.code, status.stderr]).toEqual([
    1,
    expect.stringMatching(/run\.json is damaged.*\n.*`wasm-sensors down`/),
  ]);
  const down = await sandbox.run(['down']);
  expect([down.code, down.stderr]).toEqual([0, expect.stringContaining('run.json.damaged')]);
  for (const result of [status, down]) plain(result);
  expect(readdirSync(sandbox.stateDir)).toEqual(['run.json.damaged']);
});

const binary = Buffer.from([0, 255, 1, 10, 254].flatMap((byte) => Array(100).fill(byte)));

test('`up` sets damaged state, jobs, readings and messages aside, says so, and comes up; `down` needs no token', {
  timeout: 150_000,
}, async () => {
  writeFileSync(inState('run.json'), 'null');
  writeFileSync(inState('embedded-jobs.json'), '');
  writeFileSync(inState('readings.db'), binary);
  writeFileSync(inState('queue.db'), '');
  const up = sandbox.spawn(['up', ...(await Sandbox.portFlags())]);
  await ready();
  const said = () => up.stdout + up.stderr;
  for (const name of ['run.json.damaged', 'embedded-jobs.json.damaged']) expect(said()).toContain(name);
  expect(said()).toMatch(/queue: .*queue\.db was damaged \(the file is empty\)\. It is kept as .*queue\.db\.damaged/);
  const answer = await fetch(`${sandbox.state().endpoints.queue}/ready`);
  expect(await answer.json()).toMatchObject({
    status: 'ready',
    quarantined: [expect.stringMatching(/queue\.db\.damaged$/)],
  });
  await eventually('it on the screen', () => /store was damaged.*readings\.db\.damaged/.test(up.stdout));
  const inStatus = /^store +of the queue was damaged or replaced; the other one is kept as .*queue\.db\.damaged$/m;
  await eventually('it in status', async () => inStatus.test((await sandbox.run(['status'])).stdout));
  const document = JSON.parse((await sandbox.run(['status', '-o', 'json'])).stdout);
  expect(document.data.queue.server).toMatchObject({ quarantined: [expect.stringMatching(/queue\.db\.damaged$/)] });

  rmSync(inState('embedded-jobs.json.damaged'));
  writeFileSync(inState('embedded-jobs.json'), '[');
  process.kill(sandbox.pidOf('sensors'), 'SIGKILL');
  await eventually('the same after a restart of the sensor host', () =>
    existsSync(inState('embedded-jobs.json.damaged')),
  );

  writeFileSync(inState('token'), Buffer.from([0, 255]));
  const began = Date.now();
  await endAll();
  expect(Date.now() - began).toBeLessThan(15_000);
  expect((await up.ended).code).toBe(143);
  plain(up);
  expect(readFileSync(inState('readings.db.damaged'))).toEqual(binary);
});

test('a token with binary bytes is named by `up`, and stays as it is', async () => {
  writeFileSync(inState('token'), binary);
  const up = await sandbox.run(['up', ...(await Sandbox.portFlags())]);
  expect([up.code, up.stderr]).toEqual([1, expect.stringMatching(/^error: .*token is not a token.*\nRemove the file/)]);
  plain(up);
  expect(readFileSync(inState('token'))).toEqual(binary);
  expect(existsSync(inState('run.json'))).toBe(false);
});

test.each([[[]], [['-d']]])('a usage error that a service finds is one of `up %j`', async (flags) => {
  const up = await sandbox.run(['up', ...flags, '--queue', 'ftp://x/y', ...(await Sandbox.portFlags())]);
  expect([up.code, up.stderr]).toEqual([2, expect.stringContaining('is neither an http(s) URL nor a name')]);
  plain(up);
});

test('on a full disk a service that was killed starts again, and `down` ends it all', async (context) => {
  if (!canMount()) context.skip(NEEDS_MOUNT);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', sandbox.stateDir]);
  try {
    const up = sandbox.spawn(['up', '--deploy', '--sinks', 'alert', ...(await Sandbox.portFlags())]);
    await ready();
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > 3);
    const before = sandbox.state();
    fillDisk(inState('ballast'));
    process.kill(sandbox.pidOf('puller'), 'SIGKILL');
    await eventually('a new puller', () => /puller restarted \(pid/.test(up.stdout + up.stderr));
    expect(up.stdout + up.stderr).toMatch(/run\.json can.t be written \(ENOSPC/);
    plain(up);
    const down = await sandbox.run(['down']);
    expect(down.code).toBe(0);
    expect([before.up, ...before.children].filter(isAlive)).toEqual([]);
    expect(readdirSync(sandbox.stateDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    rmSync(inState('ballast'));
  } finally {
    await sandbox.run(['down']);
    execFileSync('umount', ['-l', sandbox.stateDir]);
  }
});
