/** The walk-through of the original demo, section by section: each of its commands has a counterpart that does it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SensorView } from '../../fleet/fleet-view.js';
import { freePort } from '../../lib/net/choose-port.js';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { eventually, nothingMissing, Sandbox } from '../support/cli-harness.js';
import {
  COMPOSE_ENV,
  composeMissing,
  crashContainer,
  docker,
  LABEL,
  leftOver,
  PROJECT,
} from '../support/compose-support.js';

const skip = composeMissing() ?? (hasRegistry() ? undefined : 'no image registry:2');

function hasRegistry(): boolean {
  try {
    execFileSync('docker', ['image', 'inspect', 'registry:2'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** On a machine on which many others compute. */
const PULLING_S = 240;

describe('the walk-through of the original demo, with containers', () => {
  /** Where alerts would go: a secret, as such URLs often are. */
  const webhook = 'http://127.0.0.1:9/secret-hook';
  const sandbox = new Sandbox({ ...COMPOSE_ENV, WASM_SENSORS_WEBHOOK: webhook });
  let registry = '';
  let readyMs = 0;

  beforeAll(async () => {
    if (skip !== undefined) return;
    // Building is not what is timed; it may take as long as the registry of packages does.
    expect((await sandbox.run(['images', 'build'])).code).toBe(0);
    const began = Date.now();
    await sandbox.up('compose', ['--registry', '--deploy', '--interval', '0.5']);
    readyMs = Date.now() - began;
    registry = `localhost:${(sandbox.state().connection as { registryPort: number }).registryPort}`;
  }, 300_000);
  afterAll(() => sandbox.close(['--volumes']));

  const step = (name: string, body: () => Promise<void>) =>
    test(name, { timeout: 600_000 }, async (context) => {
      if (skip !== undefined) context.skip(skip);
      await body();
    });
  const regionsSending = async () => {
    const { sensors } = await sandbox.fleet().snapshot();
    return sensors
      .filter(({ state }) => state === 'live')
      .map(({ region }) => region)
      .sort();
  };
  /** Once the sensors' newest readings came through this proxy, its counts grow. */
  const acceptedBy = async (url: string): Promise<number> => {
    const token = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
    const response = await fetch(`${url}/stats`, { headers: { authorization: `Bearer ${token}` } });
    return ((await response.json()) as { accepted: number }).accepted;
  };

  step('setup: .env is made from its template, and the network is up with readings of every region', async () => {
    expect(statSync(join(sandbox.dir, '.env')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(sandbox.dir, '.env'), 'utf8')).toContain('\nSQS_QUEUE_URL=\n');
    expect(await regionsSending()).toEqual(['as', 'eu', 'us']);
    console.log(`up --network compose --deploy: ${(readyMs / 1000).toFixed(1)} s`);
  });

  step('health check and curl example, on the published port', async () => {
    const { proxy } = sandbox.state().endpoints;
    expect(await (await fetch(`${proxy}/health`)).json()).toEqual({ status: 'healthy' });
    const body = '{"timestamp":"2025-03-26T12:00:00Z","data":{"test":"Hello from curl!"}}';
    const response = await fetch(`${proxy}/send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(200);
    await eventually('the message in the log of the puller', async () =>
      (await docker('logs', `${PROJECT}-sqs-puller-1`)).includes('Hello from curl!'),
    );
  });

  step("client node: a shell with bacalhau; the demo's host names resolve on an edge node", async () => {
    const { stdout } = await sandbox.run(['shell', '--', 'bacalhau', 'node', 'list', '--output', 'json']);
    expect(
      JSON.parse(stdout)
        .map((node: { Info: { NodeID: string } }) => node.Info.NodeID)
        .sort(),
    ).toEqual([
      'edge-as-1',
      'edge-eu-1',
      'edge-us-1',
      'orchestrator',
      ...(stdout.includes('web-services-1') ? ['web-services-1'] : []),
    ]);
    for (const service of ['sqs-proxy', 'web-services']) {
      const name = `${PROJECT}-${service}-1`;
      expect(await docker('exec', `${PROJECT}-us-1`, 'getent', 'hosts', name)).toContain(name);
    }
  });

  step('secrets: none in any file that was made, none on a command line', async () => {
    const token = readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim();
    const containers = (await docker('ps', '--quiet', '--filter', `label=${LABEL}`)).split('\n');
    const texts = [
      ...['.env', 'compose.yaml'].map((file) => readFileSync(join(sandbox.stateDir, 'compose', file), 'utf8')),
      await docker('inspect', '--format', '{{.Path}} {{.Args}} {{.Config.Labels}}', ...containers),
      execFileSync('ps', ['-A', '-ww', '-o', 'args'], { encoding: 'utf8' }),
    ];
    expect(texts.at(-1)).toContain('up --network compose');
    for (const text of texts) for (const secret of [token, webhook]) expect(text).not.toContain(secret);
    expect(await docker('inspect', '--format', '{{.Config.Env}}', `${PROJECT}-sqs-puller-1`)).toContain(webhook);
  });

  step('option 2: proxy and puller as service jobs; sensors use that proxy, tail and status that puller', async () => {
    const before = sandbox.spawn(['tail', '-o', 'ndjson']);
    await eventually('a tail of the container', () => before.stdout !== '');
    await sandbox.json(['config', 'set', 'emoji=3']);
    // The node pulls the image, of 230 MB.
    const pulling = { timeoutMs: PULLING_S * 1000 };
    const proxy = await sandbox.json<{ url: string }>(['deploy', 'proxy', '--timeout', `${PULLING_S}`], pulling);
    expect(await (await fetch(`${proxy.url}/health`)).json()).toEqual({ status: 'healthy' });
    // It began empty, and holds the fleet configuration now: `config show` has nothing to say of it.
    expect(await sandbox.run(['config', 'show'])).toMatchObject({ code: 0, stderr: '' });
    await sandbox.json(['deploy', 'publisher', '--proxy', 'web-services', '--interval', '0.5']);
    expect(await acceptedBy(proxy.url)).toBeGreaterThanOrEqual(3);
    const puller = await sandbox.json<{ url: string }>(['deploy', 'puller', '--timeout', `${PULLING_S}`], pulling);
    expect(sandbox.state().endpoints.puller).toBe(puller.url);
    await nothingMissing(sandbox.fleet());
    const shown = before.stdout.length;
    await eventually('the tail of before going on', () => before.stdout.length > shown);
    before.child.kill();
    const jobs = await sandbox.json<{ jobs: { name: string; state: string }[] }>(['status']);
    expect(jobs.jobs.filter(({ name }) => name === 'proxy' || name === 'puller')).toHaveLength(2);
    const refused = async (...args: string[]) => (await sandbox.run(args)).stderr;
    expect(await refused('stop', 'proxy')).toMatch(/sensors send to the proxy .*[\s\S]*publisher-us[\s\S]*--force/);
    expect(await refused('logs', 'puller')).toMatch(/service job: `bacalhau job logs j-/);
    const kept = readFileSync(join(sandbox.stateDir, 'jobs', 'proxy.yaml'), 'utf8');
    expect(kept).toContain('env:AWS_SECRET_ACCESS_KEY');
    expect(kept + readFileSync(join(sandbox.stateDir, 'jobs', 'puller.yaml'), 'utf8')).not.toContain(webhook);
  });

  step(
    'back to option 1: sensors on the compose proxy, the puller its container; nothing was lost on the way',
    async () => {
      await sandbox.json(['deploy', 'publisher', '--proxy', 'sqs-proxy', '--interval', '0.5']);
      await sandbox.json(['stop', 'puller']);
      await sandbox.json(['stop', 'proxy']);
      await nothingMissing(sandbox.fleet());
      expect((await sandbox.fleet().summary()).total.gaps).toBe(0);
      expect(await regionsSending()).toEqual(['as', 'eu', 'us']);
    },
  );

  step('update configuration: the config-updater job by hand, as in the demo; no sensor is restarted', async () => {
    const before = (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
    const run = ['bacalhau', 'job', 'run', '--wait=false', '-V', 'color=#FEFEFE', 'jobs/config-updater.yaml'];
    const { code, stderr } = await sandbox.run(['shell', ...run]);
    expect(stderr + code).toMatch(/0$/);
    await eventually('the colour in every region', async () => {
      const { sensors } = await sandbox.fleet().snapshot();
      const own = sensors.filter(({ execution_id }) => before.some((sensor) => sensor.execution_id === execution_id));
      return own.length === 3 && own.every(({ state, color }) => state === 'live' && color.toLowerCase() === '#fefefe');
    });
  });

  step("update configuration: a region's YAML file changes its sensors alone; no sensor is restarted", async () => {
    const before = (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
    await sandbox.json(['config', 'set', 'color=#fedcba']);
    writeFileSync(join(sandbox.dir, 'editor.sh'), `echo 'color: "#0000ff"' > "$1"\n`);
    const edit = ['config', 'edit', 'eu', '-o', 'json'];
    const hidden = await sandbox.run(edit, { env: { EDITOR: 'sh ./editor.sh' } });
    expect(JSON.parse(hidden.stdout).data).toMatchObject({ sensors: 1, read: 1, hidden: ['color'] });
    await sandbox.json(['config', 'unset', 'color']);
    // The command waits for sensors that follow the fleet's colour, which those of eu do not.
    await eventually("the file's colour in eu alone", async () => {
      const now = (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
      expect(now.map(({ execution_id }) => execution_id)).toEqual(before.map(({ execution_id }) => execution_id));
      const inEu = now.filter(({ color }) => color === '#0000ff').map(({ region }) => region);
      return inEu.join() === 'eu' && now.every(({ color }) => color !== '#fedcba');
    });
  });

  step('an edge node that is killed comes back with its sensor; no other is touched, and no reading lost', async () => {
    const before = (await sandbox.fleet().snapshot()).sensors.filter(({ state }) => state === 'live');
    await crashContainer(`${PROJECT}-us-1`);
    const now = await eventually('the same sensors, one of them restarted', async () => {
      const { sensors, summary } = await sandbox.fleet().snapshot();
      const own = sensors.filter(({ execution_id }) => before.some((sensor) => sensor.execution_id === execution_id));
      return own.every(({ state }) => state === 'live') && own.some(({ restarts }) => restarts > 0) && { own, summary };
    });
    expect(now.own.map(({ region, restarts }) => [region, restarts])).toEqual([
      ['as', 0],
      ['eu', 0],
      ['us', 1],
    ]);
    expect(now.summary.total.gaps).toBe(0);
  });

  step(
    'without relays sensors keep what they can not deliver: a cut region and a killed proxy lose no reading',
    async () => {
      const received = async (wanted: string) =>
        (await sandbox.fleet().summary()).regions.find(({ region }) => region === wanted)!.received;
      await sandbox.json(['region', 'disconnect', 'eu']);
      const [eu, us] = [await received('eu'), await received('us')];
      await crashContainer(`${PROJECT}-sqs-proxy-1`);
      await eventually('us going on', async () => (await received('us')) > us + 6);
      expect(await received('eu')).toBe(eu);
      await sandbox.json(['region', 'reconnect', 'eu']);
      await eventually('eu catching up', async () => (await received('eu')) > eu + 6);
      // Not that of us, which began to count anew when its node was killed.
      const isOfEu = ({ region, state }: SensorView) => region === 'eu' && state === 'live';
      const { summary } = await eventually('every reading of eu', async () => {
        const snapshot = await sandbox.fleet().snapshot();
        const isWhole = ({ received, sequence }: SensorView) => received === sequence;
        return snapshot.sensors.filter(isOfEu).every(isWhole) && snapshot;
      });
      expect(summary.total.gaps).toBe(0);
    },
  );

  step('images: push to a registry', async () => {
    const { image, digest } = await sandbox.json<{ image: string; digest: string }>([
      'images',
      'push',
      '--registry',
      registry,
    ]);
    expect(digest).toMatch(/^sha256:/);
    expect(image).toMatch(new RegExp(`^${registry}/bacalhau-project/wasm-sensors:`));
    await docker('image', 'rm', image);
  });

  step('the image: its program is process 1, and stops in order when asked to', async () => {
    const { image } = sandbox.state().connection as { image: string };
    const id = await docker('run', '--detach', '--health-interval', '1s', image, 'queue', 'serve');
    const health = () => docker('inspect', '--format', '{{.State.Health.Status}}', id);
    try {
      await eventually('a healthy queue', async () => (await health()) === 'healthy');
      await docker('stop', '--time', '8', id);
      expect(await docker('inspect', '--format', '{{.State.ExitCode}}', id)).toBe('0');
    } finally {
      await docker('rm', '--force', id);
    }
  });

  step('render: the same network without this program', async () => {
    const { files } = await sandbox.json<{ files: string[] }>(['render', '--dir', 'network']);
    for (const file of [
      'compose.yaml',
      '.env.template',
      'image/Dockerfile',
      'jobs/publisher.yaml',
      'nodes/edge.yaml',
    ]) {
      expect(files).toContain(file);
    }
  });

  step('after a kill -9 of `up`, `down` takes everything away; the data stay until --volumes', async () => {
    const { up, children } = sandbox.state();
    process.kill(up.pid, 'SIGKILL');
    await eventually('the end of `up`', () => !isAlive(up));
    expect(await leftOver()).not.toEqual([]);
    expect((await sandbox.run(['down'])).code).toBe(0);
    expect(await leftOver()).toEqual([]);
    expect([up, ...children].filter((one: ProcessId) => isAlive(one))).toEqual([]);
    const volumes = () => docker('volume', 'ls', '--quiet', '--filter', `label=${LABEL}`);
    expect(await volumes()).toContain(`${PROJECT}_puller-data`);
    const elsewhere = new Sandbox(COMPOSE_ENV);
    const { code, stderr } = await elsewhere.run(['up', '--network', 'compose']);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`is that of ${sandbox.stateDir}`)]);
    await elsewhere.close(['--volumes']);
    expect(await volumes()).toContain(`${PROJECT}_puller-data`);
    expect((await sandbox.run(['down', '--volumes'])).code).toBe(0);
    expect(await volumes()).toBe('');
  });

  step('the rendered folder alone: docker compose, and a job by hand', async () => {
    const folder = join(sandbox.dir, 'network');
    const compose = (...args: string[]) => docker('compose', '-p', PROJECT, '--project-directory', folder, ...args);
    // Beside whatever runs here.
    const ports = ['PROXY_PORT', 'PULLER_PORT', 'QUEUE_PORT', 'API_PORT', 'NATS_PORT', 'WEBUI_PORT'];
    const lines = await Promise.all(ports.map(async (name) => `${name}=${await freePort()}`));
    writeFileSync(join(folder, '.env'), ['BACKBONE=10.213.120', ...lines].join('\n'));
    try {
      // Not the node with a Docker inside: whether that may run depends on the machine.
      await compose('up', '--detach', 'edge-us-1', 'sqs-proxy', 'sqs-puller', 'client');
      const refused = await sandbox.run(['up', '--network', 'compose']);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('was started by hand')]);
      await compose('exec', '-T', 'client', 'bacalhau', 'job', 'run', '--wait=false', 'jobs/publisher.yaml');
      await eventually('a reading in the log of the puller', async () =>
        (await compose('logs', 'sqs-puller')).includes('"region":"us"'),
      );
    } finally {
      await compose('down', '--volumes', '--timeout', '5');
    }
  });
});
