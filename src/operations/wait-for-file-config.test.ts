import { expect, test } from 'vitest';
import type { KnownJobs, SensorState, SensorView } from '../fleet/fleet-view.js';
import type { FleetClient } from '../puller/fleet-client.js';
import { waitForFileConfig } from './wait-for-file-config.js';

/** A sensor that shows the colour of its file. */
const sensor = (hostname: string, state: SensorState, color: string): SensorView => ({
  ...{ execution_id: `e-${hostname}`, job_id: 'j', job_submission_time: 1, hostname, region: 'eu', state, color },
  ...{ icon_name: '🚀', sequence: 1, received: 1, duplicates: 0, late: 0, restarts: 0, gaps: 0 },
  ...{ first_seen: 0, last_seen: 0 },
  config: {
    ...{ version: 0, file: 'ok', intervalMs: 1000, paused: false },
    sources: { color: 'file', emoji: 'flag', random_off: 'flag', interval: 'flag', paused: 'default' },
  },
});

/** Waits for `#00aa00` in eu. */
const read = (sensors: SensorView[], known: KnownJobs, timeoutMs = 0) =>
  waitForFileConfig(
    { snapshot: async () => ({ sensors }) } as unknown as FleetClient,
    'eu',
    { color: '#00aa00' },
    {
      timeoutMs,
      jobs: async () => known,
      onProgress: () => {},
    },
  );

const deployed: KnownJobs = { deployed: ['j'], ended: [] };
const others: KnownJobs = { deployed: ['k'], ended: [] };

test('a deployed sensor that is cut off is pending, however long it has been gone', async () => {
  for (const state of ['silent', 'gone'] as const) {
    const sensors = [sensor('edge-eu-1', 'live', '#00aa00'), sensor('edge-eu-2', state, '#000000')];
    await expect(read(sensors, deployed)).rejects.toMatchObject({
      ...{ code: 'NOT_CONVERGED', exitCode: 1, message: 'region eu: 1/2 sensors have read the file in 0 s' },
      details: [`pending: edge-eu-2 (eu), ${state}: cut off?`],
    });
  }
});

test('what is silent and belongs to no deployed job is waited for only until that is known', async () => {
  const sensors = [sensor('edge-eu-1', 'live', '#00aa00'), sensor('edge-eu-2', 'silent', '#000000')];
  expect(await read(sensors, others, 5000)).toMatchObject({ sensors: 1, converged: 1, pending: [] });
});

test('where nothing was ever deployed nobody is waited for', async () => {
  const elsewhere = { ...sensor('edge-us-1', 'live', '#000000'), region: 'us' };
  expect(await read([elsewhere], deployed)).toMatchObject({ sensors: 0, converged: 0, pending: [] });
});
