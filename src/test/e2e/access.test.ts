/** Who may send, and who may read: a running fleet, strangers, and the commands of its operator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../../lib/process/process-id.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const DEPLOY = ['up', '-d', '--deploy', '--interval', '0.3'];

const send = async (proxy: string, body: unknown, token?: string) => {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  const response = await fetch(`${proxy}/send`, { method: 'POST', headers, body: JSON.stringify(body) });
  return `${response.status} ${((await response.json()) as { error?: { code: string } }).error?.code ?? ''}`.trim();
};

describe('a fleet on loopback', () => {
  const sandbox = new Sandbox();
  const proxy = () => sandbox.state().endpoints.proxy;
  const sensors = async () => (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
  /** The sensors of these hosts send on. */
  const sendOn = async (hosts: string[]) => {
    const before = new Map((await sensors()).map(({ hostname, sequence }) => [hostname, sequence]));
    await eventually('all send on', async () => {
      const now = await sensors();
      return hosts.every((host) =>
        now.some(({ hostname, sequence }) => hostname === host && sequence > (before.get(host) ?? 0) + 1),
      );
    });
  };
  const HOSTS = ['edge-us-1', 'edge-eu-1', 'edge-as-1'];
  const tokenOf = async (host: string) => (await sandbox.json<{ token: string }>(['sensors', 'token', host])).token;

  beforeAll(async () => {
    const { code, stderr } = await sandbox.run([...DEPLOY, ...(await Sandbox.portFlags('embedded'))]);
    expect(stderr + code).toMatch(/0$/);
  });
  afterAll(() => sandbox.close());

  test('forged readings of a later deployment end no sensor, whoever sends them', async () => {
    const [real] = await sensors();
    const forged = (hostname: string, submission: number) => ({
      ...{ job_id: real!.job_id, execution_id: `e-forged-${hostname}`, icon_name: '💀', color: '#000000', sequence: 1 },
      ...{ timestamp: new Date().toISOString(), region: hostname.split('-')[1], hostname },
      job_submission_time: submission,
    });
    for (const host of HOSTS) {
      expect(await send(proxy(), forged(host, Date.now() + 22 * 3_600_000))).toBe('503 SUBMISSION_AHEAD');
      expect(await send(proxy(), forged(host, Date.now()))).toBe('403 WRONG_HOST');
    }
    const own = await tokenOf('edge-us-1');
    expect(await send(proxy(), forged('edge-eu-1', Date.now()), own)).toBe('403 WRONG_HOST');
    await sendOn(HOSTS);
    expect((await sandbox.fleet().snapshot()).sensors.map(({ execution_id }) => execution_id)).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/forged/)]),
    );
    expect(await send(proxy(), { data: { test: 'hello' } })).toBe('200');
  });

  test('a revoked node is silent, the others send on, and nothing is lost when it is taken back', async () => {
    expect((await sandbox.run(['sensors', 'revoke', 'edge-us-1'])).code).toBe(0);
    expect(await send(proxy(), { hostname: 'edge-us-1' }, await tokenOf('edge-us-1'))).toBe('403 SENSOR_REVOKED');
    await sendOn(['edge-eu-1', 'edge-as-1']);
    expect((await sandbox.run(['sensors', 'revoke', 'edge-us-1', '--undo'])).code).toBe(0);
    await sendOn(HOSTS);
    await eventually('no gaps', async () => (await sandbox.fleet().summary()).total.gaps === 0);
  });

  test('after a rotation and a restart, old tokens hold for a while, and the fleet sends with new ones', async () => {
    const old = await tokenOf('edge-us-9');
    const { until } = await sandbox.json<{ until: string }>(['token', 'rotate', '--overlap', '2']);
    expect(Date.parse(until)).toBeGreaterThan(Date.now() + 3_600_000);
    const { up } = sandbox.state();
    expect((await sandbox.run(['down'])).code).toBe(0);
    expect(isAlive(up)).toBe(false);
    expect((await sandbox.run([...DEPLOY, ...(await Sandbox.portFlags('embedded'))])).code).toBe(0);
    expect(await tokenOf('edge-us-9')).not.toBe(old);
    const plain = { data: 'of a node', hostname: 'edge-us-9' };
    expect(await send(proxy(), plain, old)).toBe('200');
    expect(await send(proxy(), plain)).toBe('403 WRONG_HOST');
    await sendOn(HOSTS);
  });
});

describe('a fleet that other machines reach', () => {
  const sandbox = new Sandbox({ WASM_SENSORS_VIEWER_TOKEN: 'viewer-5b1c2e' });
  afterAll(() => sandbox.close());

  test('strangers neither read nor send, viewers read, and the commands of the operator go on without flags', async () => {
    const up = await sandbox.run([
      ...DEPLOY,
      '--relays',
      '--host',
      '0.0.0.0',
      ...(await Sandbox.portFlags('embedded')),
    ]);
    expect(up.stderr + up.code).toMatch(/0$/);
    const { proxy, puller, queue } = sandbox.state().endpoints;
    // Of queues nobody asks who sends.
    if (process.platform === 'linux') expect([queue!, proxy].map(addressOf)).toEqual(['0100007F', '00000000']);
    const statusOf = async (url: string, headers: Record<string, string> = {}) => {
      const response = await fetch(url, { headers });
      await response.body?.cancel();
      return response.status;
    };
    for (const path of ['/', '/fleet', '/fleet/summary', '/stats', '/metrics', '/events']) {
      expect([path, await statusOf(puller + path)]).toEqual([path, 401]);
      if (path !== '/') expect(await statusOf(puller + path, { authorization: 'Bearer viewer-5b1c2e' })).toBe(200);
    }
    const { relayUrls } = sandbox.state().connection as { relayUrls: Record<string, string> };
    expect(Object.keys(relayUrls)).toHaveLength(3);
    for (const url of [proxy, ...Object.values(relayUrls)]) {
      for (const path of ['/config', '/stats', '/metrics'])
        expect([url, await statusOf(url + path)]).toEqual([url, 401]);
      expect(await statusOf(`${url}/config`, { authorization: 'Bearer viewer-5b1c2e' })).toBe(200);
    }
    expect(await send(proxy, { data: { test: 'hello' } })).toBe('401 TOKEN_MISSING');

    const operator = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
    const form = { method: 'POST', body: new URLSearchParams({ token: operator }), redirect: 'manual' as const };
    const signedIn = await fetch(`${puller}/session`, form);
    const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
    for (const path of ['/', '/events']) expect(await statusOf(puller + path, { cookie })).toBe(200);

    for (const args of [['status'], ['tail', '--limit', '2'], ['config', 'show'], ['config', 'set', 'color=#00ff00']]) {
      const { code, stderr } = await sandbox.run(args);
      expect([args.join(' '), code, stderr]).toEqual([args.join(' '), 0, expect.any(String)]);
    }
    const elsewhere = { env: { WASM_SENSORS_VIEWER_TOKEN: 'wrong' } };
    const refused = await sandbox.run(['tail', '--puller-url', puller, '-o', 'ndjson', '--limit', '1'], elsewhere);
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('WASM_SENSORS_VIEWER_TOKEN');
  });
});

/** The address, as Linux writes it, that something listens on at the port of this URL. */
function addressOf(url: string): string | undefined {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
  // Fields: local address, remote address, state (0A is LISTEN).
  return new RegExp(`: ([0-9A-F]{8}):${port} \\S+ 0A`).exec(readFileSync('/proc/net/tcp', 'utf8'))?.[1];
}
