/** Modules that try to harm the sensor host: whatever they do, the sensors of all regions go on sending. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import { MAX_MODULE_BYTES } from '../../modules/user-module.js';
import type { ClusterJob } from '../../sensor-host/host-schemas.js';
import { type Running, Sandbox } from '../support/cli-harness.js';
import { hostileModule, hostileModules } from '../support/hostile-modules.js';
import { TestProxy } from '../support/test-proxy.js';

const TOKEN = 'token-of-the-test';
const WAIT = { timeout: 20_000, interval: 100 };
const REGIONS = ['us', 'eu', 'as'];

let proxy: TestProxy;
/** Answers with more than anybody takes. */
let flood: Server;
let sandbox: Sandbox;
let host: Running;
let hostUrl: string;

beforeAll(async () => {
  proxy = await TestProxy.start();
  flood = createServer((request, response) => {
    request.resume();
    const more = () => {
      while (response.write(Buffer.alloc(1 << 20))) if (response.destroyed) return;
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => flood.listen(0, '127.0.0.1', resolve));
  sandbox = new Sandbox({ WASM_SENSORS_TOKEN: TOKEN });
  const port = await freePort();
  hostUrl = `http://127.0.0.1:${port}`;
  mkdirSync(join(sandbox.dir, 'modules'));
  const file = join(sandbox.dir, 'jobs.json');
  host = sandbox.spawn(['sensors', 'serve', '--port', String(port), '--nodes', '2', '--jobs', file]);
  await vi.waitFor(() => fetch(`${hostUrl}/ready`), WAIT);
  for (const region of REGIONS) {
    await submit(`publisher-${region}`, {
      region,
      module: 'publisher',
      args: ['--proxy', proxy.url, '--interval', '0.5'],
    });
  }
  await everybodySends();
});
afterAll(async () => {
  await sandbox.close();
  flood.closeAllConnections();
  flood.close();
  await proxy.close();
});

async function call(method: string, path: string, body?: object): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(hostUrl + path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', connection: 'close' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  return { status: response.status, answer: await response.json() };
}

async function submit(name: string, job: { region: string; module: string; args?: string[] }) {
  const allow = [new URL(proxy.url).host, `127.0.0.1:${(flood.address() as AddressInfo).port}`];
  return call('PUT', `/jobs/${name}`, { type: 'daemon', args: [], allow, ...job });
}

/** What `deploy module` does: the module is kept by its hash, and then runs in a region. */
async function deploy(bytes: Uint8Array, region = 'eu') {
  const module = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(sandbox.dir, 'modules', `${module}.wasm`), bytes);
  return submit(`module-hostile.${region}`, { region, module });
}

async function jobs(): Promise<ClusterJob[]> {
  return (await call('GET', '/jobs')).answer as ClusterJob[];
}

/** From now on, each of the six sensors. */
async function everybodySends(): Promise<void> {
  const from = proxy.readings.length;
  const hosts = () => new Set(proxy.readings.slice(from).map(({ hostname }) => hostname));
  await vi.waitFor(() => expect(hosts().size).toBe(2 * REGIONS.length), WAIT);
}

/** At the same time, each in another region; those that do alike stand beside each other in the table. */
const NAMES = Object.keys(hostileModules(''));
const together = Math.ceil(NAMES.length / REGIONS.length);
for (let i = 0; i < together; i++) {
  const names = NAMES.filter((_, at) => at % together === i);
  test(`${names.join('; ')}: all sensors go on, and the modules can be stopped`, async () => {
    const url = `http://127.0.0.1:${(flood.address() as AddressInfo).port}/`;
    for (const [at, name] of names.entries()) {
      expect(await deploy(hostileModule(hostileModules(url)[name]!), REGIONS[at])).toMatchObject({ status: 200 });
    }
    // Long enough for them to do their worst.
    await sleep(1500);
    await everybodySends();
    for (const at of names.keys()) await call('DELETE', `/jobs/module-hostile.${REGIONS[at]}`);
    const ofModules = (await jobs()).filter(({ name }) => name.startsWith('module-hostile'));
    expect(ofModules.map(({ state }) => state)).toEqual(ofModules.map(() => 'stopped'));
    const publishers = (await jobs()).filter(({ module }) => module === 'publisher');
    // They are the same ones as before: the host was not restarted.
    expect(publishers.map(({ state, version }) => [state, version])).toEqual(Array(3).fill(['running', 1]));
  });
}

test('a module of 100 MB is refused', async () => {
  expect(await deploy(new Uint8Array(MAX_MODULE_BYTES * 3))).toMatchObject({
    status: 413,
    answer: { error: { code: 'MODULE_TOO_LARGE' } },
  });
  await everybodySends();
});

test('what is asked for and not allowed is in the log', async () => {
  const asking = hostileModules('http://127.0.0.1:1/PurgeQueue')['requests for more than it takes']!;
  await deploy(hostileModule(asking));
  const said = 'module-hostile.eu may not reach 127.0.0.1:1; if it should, deploy it with --allow 127.0.0.1:1';
  await vi.waitFor(() => expect(host.stderr + host.stdout).toContain(said), WAIT);
});

test.skipIf(!existsSync('/proc/self/task'))('its process ends with the host, however busy it is', async () => {
  await deploy(hostileModule(hostileModules('')['an endless loop under the names of Asyncify']!));
  const pid = host.child.pid!;
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  // The one that it replaces may be there still, before it.
  const foreign = children().at(-1);
  expect(isAlive(foreign!)).toBe(true);
  host.child.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(foreign!)).toBe(false), WAIT);
});

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
  } catch {
    return false;
  }
}
