import { expect, test } from 'vitest';
import {
  type ConfigUpdaterJob,
  type JobRef,
  jobName,
  jobRefOf,
  type ModuleJob,
  type PublisherJob,
  rivalOf,
  type ServiceJob,
  sameJob,
} from './job-request.js';

const publisher: PublisherJob = {
  role: 'publisher',
  region: 'eu',
  proxyUrl: 'http://127.0.0.1:9090',
  config: {},
  submissionTime: 1,
};

const built = { bytes: new Uint8Array(), sha256: '', facts: { wasi: [], http: true, suspendable: true } };
const module: ModuleJob = {
  ...{ role: 'module', region: 'eu', name: 'thermo', module: built, proxyUrl: 'x', parameters: [], env: {} },
  submissionTime: 1,
};

test('what identifies a request: role, region, name of a module, and whether it runs once', () => {
  expect(jobRefOf(module)).toEqual({ role: 'module', region: 'eu', name: 'thermo' });
  expect(jobRefOf({ ...module, once: true })).toEqual({ role: 'module', region: 'eu', name: 'thermo', runOnce: true });
  expect(jobRefOf(publisher)).toEqual({ role: 'publisher', region: 'eu' });
  expect(jobRefOf({ ...publisher, maxMessages: 3 })).toEqual({ role: 'publisher', region: 'eu', runOnce: true });
  const updater: ConfigUpdaterJob = {
    role: 'config-updater',
    region: 'us',
    proxyUrl: 'x',
    parameters: [],
    submissionTime: 1,
  };
  expect(jobRefOf(updater)).toEqual({ role: 'config-updater', region: 'us' });
  const service: ServiceJob = {
    role: 'proxy',
    image: 'i',
    port: 1,
    queue: 'q',
    args: [],
    allowedHosts: [],
    submissionTime: 1,
  };
  expect(jobRefOf(service)).toEqual({ role: 'proxy' });
});

test('no two jobs share a name, whatever regions are called', () => {
  const regions = ['eu', 'eu-once', 'once-eu', 'once', 'all', 'publisher', 'publisher-eu', 'a.b', 'updater'];
  const refs: JobRef[] = [
    { role: 'publisher' },
    { role: 'proxy' },
    { role: 'puller' },
    ...regions.flatMap((region): JobRef[] => [
      { role: 'publisher', region },
      { role: 'publisher', region, runOnce: true },
      { role: 'config-updater', region },
      ...['a', 'b', 'once', 'eu', 'a-b'].flatMap((name): JobRef[] => [
        { role: 'module', region, name },
        { role: 'module', region, name, runOnce: true },
      ]),
    ]),
  ];
  expect(new Set(refs.map(jobName)).size).toBe(refs.length);
  expect([refs[3], refs[4], refs[5]].map((ref) => jobName(ref!))).toEqual([
    'publisher-eu',
    'once-publisher-eu',
    'config-updater-eu',
  ]);
  expect(jobName({ role: 'module', region: 'eu', name: 'thermo', runOnce: true })).toBe('once-module-thermo.eu');
});

test('a region runs one kind of publisher, and one of a module, at a time; other jobs have no rival', () => {
  const thermo: JobRef = { role: 'module', region: 'eu', name: 'thermo' };
  expect([rivalOf(thermo), rivalOf({ ...thermo, runOnce: true })]).toEqual([{ ...thermo, runOnce: true }, thermo]);
  expect(rivalOf({ role: 'publisher', region: 'eu' })).toEqual({ role: 'publisher', region: 'eu', runOnce: true });
  expect(rivalOf({ role: 'publisher', region: 'eu', runOnce: true })).toEqual({ role: 'publisher', region: 'eu' });
  expect(rivalOf({ role: 'publisher' })).toBeUndefined();
  expect(rivalOf({ role: 'config-updater', region: 'eu' })).toBeUndefined();
});

test('jobs are the same when everything agrees', () => {
  const eu: JobRef = { role: 'publisher', region: 'eu' };
  expect(sameJob(eu, { role: 'publisher', region: 'eu' })).toBe(true);
  for (const other of [
    { role: 'config-updater', region: 'eu' },
    { role: 'publisher', region: 'us' },
    { role: 'publisher' },
    { role: 'publisher', region: 'eu', runOnce: true },
  ] as JobRef[])
    expect(sameJob(eu, other)).toBe(false);
  const thermo: JobRef = { role: 'module', region: 'eu', name: 'thermo' };
  expect(sameJob(thermo, { ...thermo, name: 'hygro' })).toBe(false);
});
