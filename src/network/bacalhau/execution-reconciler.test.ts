/** When sensors are started again; a stand-in for the cluster tells what runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { executionsSchema, jobsSchema, nodesSchema } from './bacalhau-answers.js';
import type { BacalhauClient } from './bacalhau-client.js';
import { ExecutionReconciler } from './execution-reconciler.js';

const node = (NodeID: string) => ({
  Info: { NodeID, NodeType: 'Compute', Labels: { type: 'edge' } },
  ConnectionState: { Status: 'CONNECTED', ConnectedSince: '', LastHeartbeat: '' },
});
const lost = (NodeID: string) => ({
  ...{ ID: `e-${NodeID}`, NodeID, CreateTime: 1 },
  ...{
    DesiredState: { StateType: 2, Message: '' },
    ComputeState: { StateType: 10, Message: 'node has disappeared' },
  },
});
const job = {
  ...{ ID: 'j', Name: 'publisher', Namespace: 'default', Type: 'daemon', Version: 1, CreateTime: 1 },
  Labels: { app: 'wasm-sensors', role: 'publisher' },
  State: { StateType: 'Running', Message: '' },
};

it('starts a job once that runs in two regions, when Bacalhau has given up in both', async () => {
  let executions = [lost('edge-us-1'), lost('edge-eu-1')];
  const rerunJob = vi.fn(async () => {
    executions = [];
  });
  const client = {
    rerunJob,
    ...{ nodes: async () => nodesSchema.parse([node('edge-us-1'), node('edge-eu-1')]) },
    jobs: async () => jobsSchema.parse([job]),
    executions: async () => executionsSchema.parse(executions),
  } as unknown as BacalhauClient;
  const emit = vi.fn();
  const timings = { reconnectMs: 1000, bacalhauReplacesMs: 400, checkEveryMs: 20 };
  const reconciler = new ExecutionReconciler(client, emit, timings);
  reconciler.begin('us', ['edge-us-1']);
  reconciler.begin('eu', ['edge-eu-1']);
  await sleep(50);
  expect(rerunJob).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(emit).toHaveBeenCalled(), 5000);
  await sleep(50);
  expect(rerunJob).toHaveBeenCalledExactlyOnceWith('j');
  // Of whichever region is first.
  const nodes = [expect.stringMatching(/^edge-(us|eu)-1$/)];
  const fact = { type: 'job.restarted', job: 'publisher', nodes };
  expect(emit).toHaveBeenCalledExactlyOnceWith(fact);
});

it.each([
  ['publisher', 'has lost all its nodes', [lost('edge-us-1'), lost('edge-us-2')], 1],
  ['module', 'has lost all its nodes', [lost('edge-us-1'), lost('edge-us-2')], 1],
  ['config-updater', 'has lost all its nodes', [lost('edge-us-1'), lost('edge-us-2')], 0],
  ['publisher', 'never began there', [], 1],
  [
    'publisher',
    'runs on one of them',
    [lost('edge-us-1'), { ...lost('edge-us-2'), ComputeState: { StateType: 6, Message: '' } }],
    0,
  ],
])('a %s job of the region that %s', async (role, _, found, restarts) => {
  let executions: object[] = found;
  const rerunJob = vi.fn(async () => {
    executions = [];
  });
  const client = {
    rerunJob,
    nodes: async () => nodesSchema.parse([node('edge-us-1'), node('edge-us-2')]),
    jobs: async () => jobsSchema.parse([{ ...job, Name: 'of-us', Labels: { ...job.Labels, role, region: 'us' } }]),
    executions: async () => executionsSchema.parse(executions),
  } as unknown as BacalhauClient;
  const timings = { reconnectMs: 1000, bacalhauReplacesMs: 60_000, checkEveryMs: 20 };
  const reconciler = new ExecutionReconciler(client, () => {}, timings);
  reconciler.begin('us', ['edge-us-1', 'edge-us-2']);
  if (restarts > 0) await vi.waitFor(() => expect(rerunJob).toHaveBeenCalled());
  await sleep(100);
  // Without waiting for Bacalhau, which would take a minute here.
  expect(rerunJob).toHaveBeenCalledTimes(restarts);
  reconciler.end();
});
