/** What a network on a real Bacalhau stops and finds; a stand-in for the program shows what would reach it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBacalhauClient } from './bacalhau-client.js';
import { createBacalhauNetwork } from './bacalhau-network.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'bacalhau-network-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const publisher = (over: object = {}) => ({
  ...{ ID: 'j-1', Name: 'publisher-eu', Namespace: 'default', Type: 'daemon', Version: 1, CreateTime: 1 },
  ...{ Labels: { app: 'wasm-sensors', role: 'publisher', region: 'eu' }, State: { StateType: 'Running' } },
  ...over,
});

/** On a cluster with this job. */
function networkWith(job: object, stopJob = async (_id: string) => {}) {
  const cli = async (args: string[]) => {
    const call = args.slice(0, 2).join(' ');
    if (call === 'job stop') await stopJob(args[2] ?? '');
    return call === 'job list' ? JSON.stringify([job]) : '{"GitVersion":"v1.9.3"}';
  };
  const client = createBacalhauClient({ path: 'bacalhau', stateDir, api: { host: 'h', port: 1 }, cli });
  const forwarded = { edge: [], updater: [], services: [] };
  const sensorProxyUrl = () => 'http://p';
  return createBacalhauNetwork({ kind: 'native', client, stateDir, token: 't', forwarded, sensorProxyUrl });
}

/** Stops the publisher of eu; gives what it was answered, and what was stopped. */
async function stop(job: object, failure?: string) {
  const stopped: string[] = [];
  const network = networkWith(job, async (id) => {
    stopped.push(id);
    if (failure !== undefined) throw new Error(failure);
  });
  return { answer: await network.stop({ role: 'publisher', region: 'eu' }), stopped };
}

test('a job of this program that runs is stopped', async () => {
  expect(await stop(publisher())).toEqual({ answer: true, stopped: ['j-1'] });
});

test.each([
  ['is over', { State: { StateType: 'Completed' } }],
  ['is somebody else’s', { Labels: { app: 'other' } }],
  ['is of another region', { Labels: { app: 'wasm-sensors', role: 'publisher', region: 'us' } }],
])('a job that %s is left alone', async (_, over) => {
  expect(await stop(publisher(over))).toEqual({ answer: false, stopped: [] });
});

test('a job that ends by itself meanwhile is no failure: it was not stopped', async () => {
  expect(await stop(publisher(), 'job is already in a terminal state')).toEqual({ answer: false, stopped: ['j-1'] });
});
