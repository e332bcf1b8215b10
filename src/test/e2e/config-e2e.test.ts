import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SensorView } from '../../fleet/fleet-view.js';
import { bacalhauMissing } from '../support/bacalhau-missing.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const NETWORKS = [
  { network: 'embedded', skip: undefined },
  { network: 'native', skip: bacalhauMissing() },
];
const SECRETS = { SENSOR_TOKEN: 'sensor-5b1c2e', WASM_SENSORS_WEBHOOK: 'http://127.0.0.1:9/hook-77aa01' };

/** A certificate that vouches for itself, for this machine only. */
function makeCertificate(dir: string): string[] {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')] as const;
  const names = ['-subj', '/CN=proxy', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return ['--tls-cert', cert, '--tls-key', key];
}

/** Whether certificates can be made here. */
const https = spawnSync('openssl', ['version']).status === 0;

describe.each(NETWORKS)('changing running sensors on the $network network', ({ network, skip }) => {
  const sandbox = new Sandbox(SECRETS);
  const elsewhere = new Sandbox();
  const live = async (region?: string): Promise<SensorView[]> =>
    (await sandbox.fleet().snapshot()).sensors.filter(
      (s) => s.state !== 'replaced' && (!region || s.region === region),
    );
  const colors = async () => Object.fromEntries((await live()).map((s) => [s.region, s.color.toLowerCase()]));
  const file = (region: string) => join(sandbox.stateDir, 'config', `${region}.yaml`);
  /** A command that fails; its error. */
  const failure = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout } = await sandbox.run([...args, '-o', 'json'], { env });
    expect(code).not.toBe(0);
    return (JSON.parse(stdout) as { error: { code: string; message: string; hint: string; details: string[] } }).error;
  };
  const step = (name: string, body: () => Promise<void>) =>
    test(name, async (context) => {
      if (skip !== undefined) context.skip(skip);
      await body();
    });
  /** What the proxy and the sensors do by themselves is the same on every network. */
  const once = (name: string, body: () => Promise<void>) => {
    if (network === 'embedded') step(name, body);
  };

  beforeAll(async () => {
    if (skip !== undefined) return;
    const tls = https ? makeCertificate(sandbox.dir) : [];
    const args = ['--deploy', '--interval', '0.5', '--color', '#101010', ...tls];
    await sandbox.up(network, args);
    expect(sandbox.state().endpoints.proxy).toMatch(https ? /^https:/ : /^http:/);
  });
  afterAll(async () => {
    await elsewhere.close();
    await sandbox.close();
  });

  step('config set ends when the readings of every sensor show it', async () => {
    expect(await sandbox.json(['config', 'set', 'color=#00ff88'])).toMatchObject({
      sensors: 3,
      converged: 3,
      failed: [],
    });
    expect(await colors()).toEqual({ us: '#00ff88', eu: '#00ff88', as: '#00ff88' });
  });

  once('narrower scopes are stronger, and unset gives way to the wider one', async () => {
    await sandbox.json(['config', 'set', '--region', 'eu', 'color=#0000ff']);
    await sandbox.json(['config', 'set', '--host', 'edge-us-1', 'color=#ff0000']);
    expect(await colors()).toEqual({ us: '#ff0000', eu: '#0000ff', as: '#00ff88' });
    await sandbox.json(['config', 'unset', '--host', 'edge-us-1', 'color']);
    expect(await colors()).toEqual({ us: '#00ff88', eu: '#0000ff', as: '#00ff88' });
    await sandbox.json(['config', 'unset', '--region', 'eu', 'color']);
  });

  once('paused sensors are silent, say so, and wake up', async () => {
    await sandbox.json(['config', 'set', 'paused=true']);
    expect((await live()).map(({ state }) => state)).toEqual(['paused', 'paused', 'paused']);
    await sandbox.json(['config', 'set', 'paused=false']);
    expect((await live()).map(({ state }) => state)).toEqual(['live', 'live', 'live']);
  });

  step("a region's YAML file changes only that region, edited and replaced; a bad one changes nothing", async () => {
    await sandbox.json(['config', 'unset', 'color']);
    writeFileSync(join(sandbox.dir, 'good.sh'), `printf 'colour: "#abcdef"\\npaused: 0\\n...\\nmine: x\\n' > "$1"\n`);
    writeFileSync(join(sandbox.dir, 'bad.sh'), `printf '{color: "#123123"}\\n' > "$1"\n`);
    const edited = await sandbox.run(['config', 'edit', 'as', '-o', 'json'], { env: { EDITOR: 'sh ./good.sh' } });
    expect(JSON.parse(edited.stdout).data).toMatchObject({
      sensors: 1,
      read: 1,
      hidden: network === 'embedded' ? ['paused'] : [],
    });
    expect(await colors()).toEqual({ us: '#101010', eu: '#101010', as: '#abcdef' });
    expect(await failure(['config', 'edit', 'as'], { EDITOR: 'sh ./bad.sh' })).toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringContaining('line 1'),
    });
    expect(readFileSync(file('as'), 'utf8')).toContain('#abcdef');

    writeFileSync(`${file('as')}.new`, "color: '#fedcba'\n");
    renameSync(`${file('as')}.new`, file('as'));
    await eventually('the colour of the file that took its place', async () => (await colors()).as === '#fedcba');
    writeFileSync(file('as'), "color: '#ab");
    await eventually('a bad file in as', async () => (await live('as'))[0]?.config?.file === 'bad');
    expect((await live('as'))[0]?.color.toLowerCase()).toBe('#fedcba');
    const shown = await sandbox.json<{
      sensors: { region: string; reported: { file: string; sources: { color: string } } }[];
    }>(['config', 'show']);
    expect(shown.sensors.map(({ region, reported }) => [region, reported.file, reported.sources.color])).toEqual([
      ['as', 'bad', 'file'],
      ['eu', 'ok', 'flag'],
      ['us', 'ok', 'flag'],
    ]);
  });

  step(
    'the config-updater module changes a file where the network lets a job write, and says so where not',
    async () => {
      const args = ['deploy', 'config-updater', '--file', '--region', 'eu', '--color', '#0e0e0e'];
      if (network !== 'embedded') {
        expect(await failure(args)).toMatchObject({
          code: 'NOT_OFFERED',
          message: expect.stringContaining('never write'),
        });
        return;
      }
      expect(await sandbox.json(args)).toMatchObject({ region: 'eu', sensors: 1, read: 1, hidden: [] });
      expect(await colors()).toEqual({ us: '#101010', eu: '#0e0e0e', as: '#fedcba' });
    },
  );

  step('the config-updater module changes the fleet configuration from an edge node', async () => {
    expect(await sandbox.json(['deploy', 'config-updater', '--color', '#fefefe'])).toMatchObject({
      sensors: 3,
      converged: 3,
    });
    expect(await colors()).toEqual({ us: '#fefefe', eu: '#fefefe', as: '#fefefe' });
  });

  once('a region that is cut off is pending, and takes the change when it is back', async () => {
    await sandbox.json(['region', 'disconnect', 'us']);
    const error = await failure(['config', 'set', 'color=#123456', '--timeout', '3']);
    expect(error).toMatchObject({ code: 'NOT_CONVERGED', message: expect.stringContaining('2/3 sensors converged') });
    expect(error.details).toEqual([expect.stringMatching(/^pending: edge-us-1 \(us\)/)]);
    expect(await colors()).toMatchObject({ eu: '#123456', as: '#123456' });
    const stopped = await failure(['config', 'set', '--rollout', 'us,eu', 'interval=0.4', '--timeout', '1']);
    expect(stopped).toMatchObject({ code: 'ROLLOUT_STOPPED', hint: expect.stringContaining('eu was not changed') });
    await sandbox.json(['config', 'unset', '--region', 'us', 'interval', '--no-wait']);
    writeFileSync(join(sandbox.dir, 'cut.sh'), `printf 'emoji: 5\\n' > "$1"\n`);
    expect(await failure(['config', 'edit', 'us', '--timeout', '1'], { EDITOR: 'sh ./cut.sh' })).toMatchObject({
      code: 'NOT_CONVERGED',
      message: expect.stringContaining('0/1 sensors have read the file'),
      details: [expect.stringMatching(/^pending: edge-us-1 \(us\)/)],
    });
    await sandbox.json(['region', 'reconnect', 'us']);
    await eventually('the colour in us', async () => (await colors()).us === '#123456');
  });

  const killProxy = async () => {
    const pid = sandbox.pidOf('proxy');
    process.kill(pid, 'SIGKILL');
    const answers = async () => (await sandbox.run(['config', 'show', '-o', 'json'])).code === 0;
    await eventually('a new proxy', async () => sandbox.pidOf('proxy') !== pid && (await answers()));
  };

  once('a proxy that lost its state sends nobody back, changes nothing unasked, and is followed again', async () => {
    const seen = async () => (await live()).map((s) => [s.region, s.color, s.config?.version, s.config?.intervalMs]);
    const before = await seen();
    rmSync(join(sandbox.stateDir, 'desired.json'), { force: true });
    await killProxy();
    const heard = (await sandbox.fleet().summary()).total.received;
    expect(await failure(['config', 'set', 'random_off=true'])).toMatchObject({
      code: 'STATE_LOST',
      hint: expect.stringContaining('--replace'),
    });
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > heard + 6, 40_000);
    expect(await seen()).toEqual(before);
    expect(await sandbox.json(['config', 'set', '--replace', 'color=#777777'])).toMatchObject({ converged: 3 });
  });

  once('what was acknowledged survives kill -9 of the proxy', async () => {
    const before = (await sandbox.json<{ version: number }>(['config', 'set', '--no-wait', 'color=#445566'])).version;
    await killProxy();
    await eventually('the colour everywhere', async () =>
      Object.values(await colors()).every((color) => color === '#445566'),
    );
    expect((await live()).every((s) => (s.config?.version ?? 0) >= before)).toBe(true);
  });

  once('a roll-out goes region by region, and begins only where all of them send', async () => {
    expect(await sandbox.json(['config', 'set', '--rollout', 'us,eu,as', 'color=#654321'])).toMatchObject({
      regions: ['us', 'eu', 'as'],
    });
    expect(await colors()).toEqual({ us: '#654321', eu: '#654321', as: '#654321' });
    const refused = await failure(['config', 'set', '--rollout', 'us,asx,eu', 'color=#765432']);
    expect(refused).toMatchObject({ code: 'NO_SUCH_REGION', message: expect.stringContaining('asx') });
    expect(await colors()).toEqual({ us: '#654321', eu: '#654321', as: '#654321' });
  });

  once(
    'from another folder, with the addresses and the token; nobody waits for sensors that were stopped',
    async () => {
      await sandbox.json(['stop', 'publisher', '--region', 'as']);
      const { proxy, puller } = sandbox.state().endpoints;
      const where = ['--proxies', proxy, '--puller-url', puller];
      const ca = https ? ['--tls-ca', join(sandbox.dir, 'cert.pem')] : [];
      const set = ['config', 'set', '--region', 'eu', 'emoji=3', '-o', 'json'];
      const env = { WASM_SENSORS_TOKEN: readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim() };
      const { code, stdout } = await elsewhere.run([...set, ...where, ...ca], { env });
      expect([code, JSON.parse(stdout).data]).toMatchObject([0, { sensors: 1, converged: 1 }]);
      expect((await elsewhere.run([...set, ...where, ...ca])).stdout).toContain('TOKEN_WRONG');
      expect(await sandbox.json(['config', 'set', 'interval=0.4'])).toMatchObject({ sensors: 2, converged: 2 });
    },
  );

  once('a deployment says which of its flags the fleet configuration hides', async () => {
    const args = ['deploy', 'publisher', '--region', 'as', '--color', '#010101', '--interval', '0.5'];
    const { notes } = await sandbox.json<{ notes: string[] }>(args);
    expect(notes.join('\n')).toMatch(
      /interval: overridden by the configuration of the fleet; run `wasm-sensors config unset/,
    );
  });

  step('secrets stand in no file but that of the token, and in no argument of a process', async () => {
    const token = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
    const secrets = [token, SECRETS.SENSOR_TOKEN, 'hook-77aa01'];
    const files = readdirSync(sandbox.stateDir, { recursive: true, encoding: 'utf8' })
      .filter((name) => name !== 'token' && statSync(join(sandbox.stateDir, name)).isFile())
      .map((name) => ({ name, text: readFileSync(join(sandbox.stateDir, name), 'latin1') }));
    expect(files.length).toBeGreaterThan(5);
    const { up, children } = sandbox.state();
    const commands = [up, ...children]
      .map(({ name, pid }) => ({ name, path: `/proc/${pid}/cmdline` }))
      .filter(({ path }) => existsSync(path))
      .map(({ name, path }) => ({ name, text: readFileSync(path, 'latin1') }));
    const leaks = [...files, ...commands].filter(({ text }) => secrets.some((secret) => text.includes(secret)));
    expect(leaks.map(({ name }) => name)).toEqual([]);
  });
});
