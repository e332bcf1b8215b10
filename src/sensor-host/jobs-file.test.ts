import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Cluster } from './cluster.js';
import type { JobSpec } from './host-schemas.js';
import { keepJobs, quarantineDamagedJobs } from './jobs-file.js';

let folder: string;
let path: string;
let submitted: [string, string | undefined][];
let closed: number;
let failed: string[];
let allowed: (string[] | undefined)[];
/** Ends the handover of the last submission. */
let settle: ((spec: JobSpec) => void) | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-file-'));
  path = join(folder, 'jobs.json');
  [submitted, closed, failed, allowed] = [[], 0, [], []];
});

afterEach(() => rmSync(folder, { recursive: true }));

const keep = () =>
  keepJobs(
    {
      async submit(spec: JobSpec, { jobId, onSettled }: NonNullable<Parameters<Cluster['submit']>[1]>) {
        submitted.push([spec.name, jobId]);
        settle = onSettled;
        allowed.push(spec.allow);
        if (jobId === 'j-bad') throw new Error('no module');
        return { jobId: jobId ?? `j-${spec.name}`, version: 1, unchanged: false };
      },
      stop: () => true,
      async close() {
        closed++;
      },
    } as Partial<Cluster> as Cluster,
    path,
    (name) => failed.push(name),
  );
const job = (name: string, type: JobSpec['type'] = 'daemon'): JobSpec => ({
  ...{ name, type, region: 'eu', module: 'publisher', args: ['--interval', '1'] },
});

test('a restarted host runs the daemons of a killed one again, under their ids, and none of one that was stopped', async () => {
  const first = keep();
  await first.resume();
  for (const spec of [job('a'), job('b'), job('once', 'batch')]) await first.submit(spec);
  first.stop('b');
  submitted = [];
  const second = keep();
  await second.resume();
  expect(submitted).toEqual([['a', 'j-a']]);
  await second.close();
  expect([closed, existsSync(path)]).toEqual([1, false]);
  await keep().resume();
  expect(submitted).toHaveLength(1);
});

test('a version that waits is handed over to once more after a restart; one that has taken over, or failed, is alone', async () => {
  const version = (n: string): JobSpec => ({ ...job('a'), args: [n], handover: true });
  const specs = () => JSON.parse(readFileSync(path, 'utf8')).map(({ spec, next }: never) => [spec, next]);
  const first = keep();
  await first.submit(version('1'));
  settle?.(version('1'));
  await first.submit(version('2'));
  await first.submit(version('3'));
  expect(specs()).toMatchObject([[{ args: ['1'] }, { args: ['3'] }]]);
  submitted = [];
  const second = keep();
  await second.resume();
  expect(submitted).toEqual([
    ['a', 'j-a'],
    ['a', 'j-a'],
  ]);
  expect(specs()).toMatchObject([[{ args: ['1'] }, { args: ['3'] }]]);
  settle?.(version('1'));
  expect(specs()).toEqual([[expect.objectContaining({ args: ['1'] }), undefined]]);
});

test('a job that does not run again is reported, and keeps no other from running', async () => {
  const text = JSON.stringify([
    { jobId: 'j-bad', spec: job('bad') },
    { jobId: 'j-a', spec: job('a') },
  ]);
  writeFileSync(path, text);
  await keep().resume();
  expect([submitted.map(([name]) => name), failed]).toEqual([['bad', 'a'], ['bad']]);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveLength(2);
});

test('a job of a version that allowed everything reaches the proxy that it was given', async () => {
  const module = { ...job('m'), args: ['x'], env: { PROXY_URL: 'https://p' } };
  const publisher = { ...job('p'), args: ['--proxy=http://127.0.0.1:9090', '--region=eu'] };
  writeFileSync(path, JSON.stringify([publisher, module].map((spec) => ({ jobId: 'j', spec }))));
  await keep().resume();
  expect(allowed).toEqual([['127.0.0.1:9090'], ['p:443']]);
});

test.each(['', 'garbage', 'null', '{}', '[{"jobId":"j"}]', '[{"jobId":"j","sp'])(
  'a file that holds %j can be quarantined, and the host runs',
  async (text) => {
    writeFileSync(path, text);
    expect(quarantineDamagedJobs(path)).toBe(`${path}.damaged`);
    const kept = keep();
    await kept.resume();
    expect(readFileSync(`${path}.damaged`, 'utf8')).toBe(text);
    expect(quarantineDamagedJobs(path)).toBeUndefined();
    await kept.submit(job('a'));
    await keep().resume();
    expect(submitted).toEqual([
      ['a', undefined],
      ['a', 'j-a'],
    ]);
  },
);

test('a host that can’t write stops all the same, and leaves no part of a file', async () => {
  const kept = keep();
  // A folder where the temporary file would be stands for a full disk.
  mkdirSync(`${path}.${process.pid}.tmp`);
  await expect(kept.submit(job('a'))).rejects.toThrow(/EISDIR/);
  await kept.close();
  expect(closed).toBe(1);
  expect(readdirSync(folder)).toHaveLength(1);
});
