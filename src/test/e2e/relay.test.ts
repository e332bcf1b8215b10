/** A relay beside a running fleet: what it has taken arrives once, whoever is killed meanwhile. */
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readToken } from '../../lib/net/bearer-token.js';
import { freePort } from '../../lib/net/choose-port.js';
import { eventually, type Running, Sandbox } from '../support/cli-harness.js';

const sandbox = new Sandbox();
let relay: Running;
let url: string;
let args: string[];
let env: Record<string, string>;
let sequence = 0;

async function startRelay(): Promise<void> {
  relay = sandbox.spawn(args, env);
  await eventually('the relay listens', async () => (await fetch(`${url}/health`)).ok);
}

async function send(count: number): Promise<void> {
  const readings = Array.from({ length: count }, () => ({
    ...{ job_id: 'j', execution_id: 'e-site', icon_name: '🚀', color: '#ff5733', region: 'eu', hostname: 'site' },
    ...{ sequence: ++sequence, timestamp: new Date().toISOString(), job_submission_time: 1 },
  }));
  const response = await fetch(`${url}/send`, { method: 'POST', body: JSON.stringify(readings) });
  expect(response.status).toBe(200);
}

const kept = async () => ((await (await fetch(`${url}/stats`)).json()) as { uplink: { backlog: number } }).uplink;
const arrived = () =>
  eventually('every reading', async () => {
    const [sensor] = (await sandbox.fleet().snapshot()).sensors.filter(({ hostname }) => hostname === 'site');
    return sensor?.received === sequence && sensor.gaps === 0;
  });

beforeAll(async () => {
  expect((await sandbox.run(['up', '-d', ...(await Sandbox.portFlags('embedded'))])).code).toBe(0);
  const { token } = await sandbox.json<{ token: string }>(['sensors', 'token', '--relay', 'eu']);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  args = ['relay', 'serve', '--upstream', sandbox.state().endpoints.proxy, '--region', 'eu', '--port', String(port)];
  env = { WASM_SENSORS_RELAY_TOKEN: token };
  await startRelay();
});
afterAll(() => sandbox.close());

test('readings that a relay has taken arrive, with the proxy or the relay killed', async () => {
  await send(10);
  await arrived();
  process.kill(sandbox.pidOf('proxy'), 'SIGKILL');
  for (let i = 0; i < 10; i++) await send(100);
  await arrived();
  // Its readings are on their way, or on its disk.
  await send(100);
  relay.child.kill('SIGKILL');
  await relay.ended;
  await startRelay();
  await arrived();
});

test('while the cloud is away the relay takes readings, and answers with the configuration that it has', async () => {
  const authorization = `Bearer ${readToken(join(sandbox.stateDir, 'token'))}`;
  const change = { scope: {}, set: { interval: 7 }, unset: [], seen: 0 };
  const init = { method: 'PATCH', headers: { authorization }, body: JSON.stringify(change) };
  expect((await fetch(`${sandbox.state().endpoints.proxy}/config`, init)).status).toBe(200);
  const effective = async () =>
    (await (await fetch(`${url}/config/effective?region=eu&hostname=site`)).json()) as { config: { interval: number } };
  await eventually('the relay follows', async () => (await effective()).config.interval === 7);
  process.kill(sandbox.state().up.pid, 'SIGKILL');
  await eventually('the cloud is away', async () => {
    await send(1);
    return (await kept()).backlog > 0;
  });
  relay.child.kill('SIGKILL');
  await relay.ended;
  await startRelay();
  expect(await effective()).toMatchObject({ config: { interval: 7 } });
  await send(50);
  await eventually('the relay keeps them', async () => (await kept()).backlog > 50);
  const ports = Object.entries(sandbox.state().endpoints).flatMap(([name, at]) => [
    name === 'proxy' ? '--port' : `--${name}-port`,
    new URL(at).port,
  ]);
  expect((await sandbox.run(['up', '-d', ...ports])).code).toBe(0);
  await arrived();
});

test('a relay takes readings at once, though its proxy does not answer', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  const { port } = silent.address() as AddressInfo;
  const own = await freePort();
  const upstream = ['--upstream', `http://127.0.0.1:${port}`, '--region', 'us', '--state-dir', join(sandbox.dir, 'us')];
  const waiting = sandbox.spawn(['relay', 'serve', ...upstream, '--port', String(own)]);
  await eventually('the relay listens', async () => (await fetch(`http://127.0.0.1:${own}/health`)).ok);
  // It asks for the configuration for 5 s.
  expect(waiting.stdout + waiting.stderr).not.toContain('follow.failing');
  waiting.child.kill('SIGKILL');
  silent.close();
});
