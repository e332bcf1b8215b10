import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testModule } from '../test/support/built-modules.js';
import { TestSensor } from '../test/support/test-sensor.js';
import { createCluster } from './cluster.js';
import { jobsSchema, nodesSchema, statsSchema, submissionSchema } from './host-api.js';
import { createSensorHostApp } from './host-app.js';

let world: TestSensor;
let app: ReturnType<typeof createSensorHostApp>;
beforeEach(async () => {
  world = await TestSensor.prepare();
  const nodes = [{ name: 'edge-eu-1', region: 'eu', type: 'edge' }];
  const moduleEnv = { publisher: { SENSOR_TOKEN: 'sensor-secret' } };
  app = createSensorHostApp(createCluster({ host: world.host, nodes, loadModule: testModule, moduleEnv }), {
    token: 'control',
  });
});
afterEach(() => world.close());

function call(method: string, path: string, body?: unknown, token: string | undefined = 'control') {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return app.request(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

const job = () => ({ region: 'eu', module: 'publisher', type: 'daemon', args: ['--proxy', world.proxy.url] });

it('submits, lists, cuts and stops', async () => {
  const submission = await call('PUT', '/jobs/publisher-eu', job());
  expect(submission.status).toBe(200);
  expect(submissionSchema.parse(await submission.json())).toMatchObject({ version: 1, unchanged: false });
  expect(jobsSchema.parse(await (await call('GET', '/jobs')).json())).toMatchObject([
    { name: 'publisher-eu', state: 'running' },
  ]);
  await world.clock.pass(0);
  expect(world.proxy.readings).toHaveLength(1);
  expect(statsSchema.parse(await (await call('GET', '/stats')).json())).toMatchObject({
    running: 1,
    requests: 1,
    nodes: 1,
  });
  expect(await (await call('PUT', '/regions/eu', { connected: false })).json()).toEqual({ connected: false });
  expect(nodesSchema.parse(await (await call('GET', '/nodes')).json())).toMatchObject([
    { name: 'edge-eu-1', connected: false },
  ]);
  expect(await (await call('DELETE', '/jobs/publisher-eu')).json()).toEqual({ stopped: true });
  expect(await (await call('DELETE', '/jobs/publisher-eu')).json()).toEqual({ stopped: false });
});

it('shows no secret anywhere', async () => {
  await call('PUT', '/jobs/publisher-eu', job());
  await world.clock.pass(0);
  expect(world.proxy.requests[0]!.headers.authorization).toBe('Bearer sensor-secret');
  for (const path of ['/jobs', '/nodes', '/stats'])
    expect(await (await call('GET', path)).text()).not.toContain('secret');
});

describe('who may', () => {
  it.each(['/nodes', '/jobs', '/stats', '/elsewhere'])('%s needs the token', async (path) => {
    const without = await app.request(path);
    expect([without.status, await without.json()]).toMatchObject([401, { error: { code: 'TOKEN_MISSING' } }]);
    const wrong = await call('GET', path, undefined, 'wrong');
    expect([wrong.status, await wrong.json()]).toMatchObject([401, { error: { code: 'TOKEN_WRONG' } }]);
  });

  it.each(['/health', '/ready'])('%s is for everyone', async (path) => {
    expect((await app.request(path)).status).toBe(200);
  });
});

describe('a bad request', () => {
  it.each([
    ['PUT', '/jobs/x', { region: 'eu' }, 'BAD_REQUEST', /module/],
    [
      'PUT',
      '/jobs/x',
      { region: 'eu', module: 'publisher', type: 'daemon', args: [], extra: 1 },
      'BAD_REQUEST',
      /extra/,
    ],
    [
      'PUT',
      '/jobs/a%20b',
      { region: 'eu', module: 'publisher', type: 'daemon', args: [] },
      'BAD_REQUEST',
      /name: must be letters/,
    ],
    ['PUT', '/jobs/x', { region: 'mars', module: 'publisher', type: 'daemon', args: [] }, 'NO_SUCH_REGION', /mars/],
    ['PUT', '/regions/eu', { connected: 'yes' }, 'BAD_REQUEST', /connected/],
    ['PUT', '/regions/eu', undefined, 'BAD_JSON', /JSON/],
  ])('%s %s %j is refused with its reason', async (method, path, body, code, reason) => {
    const response = await call(method, path, body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error: { code, reason: expect.stringMatching(reason) } });
  });

  it('to nowhere is a 404', async () => {
    const response = await call('GET', '/nothing');
    expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  });
});
