import { expect, test } from 'vitest';
import type { DeployModuleResult } from '../../operations/deploy/deploy-module.js';
import { execution, jobInfo } from '../../test/support/fake-network.js';
import { deployModuleText, moduleTable, stopModuleText } from './deploy-text.js';

const result: DeployModuleResult = {
  name: 'thermo',
  module: {
    wasi: ['clock_time_get', 'environ_get', 'path_open'],
    http: true,
    suspendable: false,
    bytes: 2_700_000,
    sha256: '',
  },
  downloaded: true,
  regions: [
    { region: 'us', job: 'module-thermo.us', jobId: 'j', unchanged: false, nodes: 1, pending: 0 },
    { region: 'eu', job: 'module-thermo.eu', jobId: 'j', unchanged: true, nodes: 1, pending: 2 },
  ],
  running: 1,
  completed: 1,
  facts: [],
  seconds: 3.21,
};

test('a deployment says what the module may use, how it gets there, and what was seen', () => {
  expect(deployModuleText(result).split('\n')).toEqual([
    'thermo: 2.7 MB, may use HTTP requests, time, its environment, files; nodes download it from the proxy',
    'pending: disconnected nodes run it when they reconnect (eu: 2)',
    '1/2 running, 1/2 completed without an error (3.2 s)',
  ]);
});

test('one that has ended everywhere', () => {
  const text = deployModuleText({ ...result, running: 0, completed: 2 });
  expect(text).toMatch(/\n2\/2 completed without an error \(3\.2 s\)$/);
});

test('one that runs already, and one that uses nothing', () => {
  const regions = result.regions.map((region) => ({ ...region, unchanged: true, pending: 0 }));
  const module = { ...result.module, wasi: [], http: false, bytes: 1500 };
  const text = deployModuleText({ ...result, regions, module, downloaded: false, running: 2, completed: 0 });
  expect(text).toBe('thermo: 2 KB, uses nothing of the node\n2/2 running (3.2 s); unchanged, already running');
});

test('modules in status: one line each over its regions, with the last output of one that failed', () => {
  const job = (name: string, region: string, ...rest: Parameters<typeof execution>) =>
    jobInfo({ role: 'module', name, region }, { executions: [execution(...rest)] });
  const table = moduleTable([
    job('thermo', 'us', 'edge-us-1', 'running'),
    job('thermo', 'eu', 'edge-eu-1', 'failed', 'no\u001b[31m config'),
    { ...job('old', 'us', 'edge-us-1', 'stopped'), state: 'stopped' },
    jobInfo({ role: 'publisher', region: 'us' }),
  ]);
  expect(table!.split('\n')).toEqual([
    'module  regions  running  completed  failed  last output',
    expect.stringMatching(/^thermo {2}us, eu +1 +0 +1 {2}edge-eu-1: no.*config$/),
  ]);
  expect(table).not.toContain('\u001b');
  expect(moduleTable([jobInfo({ role: 'publisher', region: 'us' })])).toBeUndefined();
});

test('a stop names the regions', () => {
  expect(stopModuleText({ name: 'a', stopped: ['us', 'eu'] })).toBe('a: stopped in us, eu');
  expect(stopModuleText({ name: 'a', stopped: [] })).toBe('a was not running');
});
