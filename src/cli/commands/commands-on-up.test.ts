/** Commands in front of a running `up` that is made up: with which code they end, and what they say. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Box } from '../../test/support/box.js';
import { type CliResult, runCli } from '../../test/support/cli.js';
import { closedPort } from '../../test/support/closed-port.js';
import { FakeUp, type FakeUpOptions } from '../../test/support/fake-up.js';
import { holdClock, hurried, NOON, releaseClock } from '../../test/support/test-clock.js';

let box: Box;
let up: FakeUp;
beforeEach(() => {
  box = new Box();
  holdClock();
});
afterEach(async () => {
  releaseClock();
  await up.close();
  box.close();
});

async function start(options: FakeUpOptions = {}): Promise<void> {
  up = await FakeUp.start(box, options);
}
async function started(): Promise<void> {
  await start();
  await up.deploy();
}

const run = (line: string, env: Record<string, string> = {}): Promise<CliResult> =>
  runCli(line.split(' '), { folder: box.folder, env: { ...box.env, ...env } });
/** One whose wait ends soon. */
const soon = (line: string, env: Record<string, string> = {}) => hurried(() => run(line, env), 60);
/** Its answer as data. */
async function json(line: string) {
  const { code, stdout } = await run(`${line} -o json`);
  const { status, data, error, warnings } = JSON.parse(stdout);
  return { code, status, data, error, warnings };
}
const refusal = (code: string, exit = 1) => ({ code: exit, status: 'error', error: { code } });

describe('status', () => {
  test('says what runs, and what is not as it should be', async () => {
    await start({ nodesPerRegion: 2 });
    expect((await run('status')).stdout).toContain('no readings yet: run `wasm-sensors deploy publisher`');
    await up.deploy();
    up.cluster.setRegionLink('eu', false);
    up.depth = undefined;
    const { code, stdout } = await run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^nodes +4\/6 connected; disconnected: edge-eu-1, edge-eu-2$/m);
    expect(stdout).toMatch(/^queue +does not answer$/m);
    expect(stdout).toMatch(/^sensors +6\/6 reporting/m);
    expect((await json('status')).data).toMatchObject({ network: 'embedded', summary: { total: { live: 6 } } });
  });

  test('of a puller elsewhere shows its fleet, and with its proxy who follows, without an `up` here', async () => {
    await started();
    const there = `status --state-dir elsewhere --puller-url ${up.endpoints.puller}`;
    const { code, stdout, stderr } = await run(there);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^puller +http\S+\nsensors +3 reporting\nqueue /);
    expect(await json(there)).toMatchObject({ code: 0, data: { summary: { total: { live: 3 } }, proxies: [] } });
    const { stdout: all } = await run(`${there} --proxies ${up.endpoints.proxy}`);
    expect(all).toMatch(/^sensors +3 reporting, converged$/m);
  });

  test.each(['status', 'tail', 'config show', 'deploy publisher', 'stop publisher', 'region disconnect eu'])(
    '`%s` while `up` starts, and after it was killed, says which of both',
    async (line) => {
      await start({ phase: 'starting' });
      expect(await run(line)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('the network is still starting'),
      });
      up.writeState({ alive: false });
      expect(await run(line)).toMatchObject({ code: 1, stderr: expect.stringContaining('exited without cleaning up') });
    },
  );
});

test('tail begins with what was stored since, of a region, with the values that are asked for, up to its limit', async () => {
  await started();
  const keep = (region: string, agoMs: number, values: Record<string, number>) => {
    const reading = {
      ...{ job_id: 'j', execution_id: `e-${region}`, icon_name: '🚀', color: '#00ff88', sequence: 1, region },
      ...{
        timestamp: new Date(NOON - agoMs).toISOString(),
        job_submission_time: NOON,
        hostname: `edge-${region}-1`,
        values,
      },
    };
    up.keep([{ id: region, body: '', reading, config: undefined, receivedAt: NOON - agoMs }]);
  };
  keep('eu', 20_000, {});
  keep('us', 10_000, { temperature: 4.5, humidity: 60 });
  expect((await run('tail --since 30s --limit 2')).stdout).toMatch(/edge-eu-1.*\n.*edge-us-1/);
  expect((await run('tail --since 2026-01-31T11:59:45Z --limit 1')).stdout).toMatch(/^.*edge-us-1.*\n$/);
  const { stdout } = await run('tail --since 1m --region us --limit 1 --fields humidity');
  expect(stdout).toContain('humidity');
  expect(stdout).not.toContain('temperature');
  const { stderr } = await run('tail --since 1m --region us --limit 1 --fields humidty');
  expect(stderr).toMatch(/^no reading has the field humidty yet, so this waits; there are: /);
  const line = JSON.parse((await run('tail --since 1m --region us --limit 1 -o ndjson')).stdout);
  expect(line).toMatchObject({ event: 'reading', hostname: 'edge-us-1', values: { temperature: 4.5 }, late: false });
});

describe('deploy publisher', () => {
  test('reports the sensors, what runs already, what is hidden, and what waits for nodes', async () => {
    await start();
    const line = 'deploy publisher --color #ff0000 --interval 2';
    expect((await run(line)).stdout).toBe('3/3 sensors reporting (0.0 s)\n');
    expect((await run(line)).stdout).toContain('unchanged, already running');
    up.desired.patch({ scope: {}, set: { color: '#3366ff' }, unset: [] }, NOON);
    up.desired.patch({ scope: { hostname: 'edge-eu-1' }, set: { interval: 3 }, unset: [] }, NOON);
    expect((await json(line)).data.notes).toEqual([
      expect.stringMatching(/^color: overridden by the configuration of the fleet; .*config unset color`/),
      expect.stringMatching(/^interval: .* of host edge-eu-1; .*config unset --host edge-eu-1 interval`/),
    ]);
    up.cluster.setRegionLink('as', false);
    expect((await run('deploy publisher --emoji 1')).stdout).toMatch(/^pending: .*\(as: 1\)\n2\/2 sensors reporting/);
  });

  test('fails with the reason', async () => {
    await start();
    expect(await json('deploy publisher --region mars')).toMatchObject(refusal('NO_SUCH_REGION', 2));
    expect(await json('stop publisher --region mars')).toMatchObject(refusal('NO_SUCH_REGION', 2));
    expect(await json('deploy publisher --proxy ftp://x')).toMatchObject(refusal('BAD_OPTION', 2));
    up.cluster.works = false;
    expect(await soon('deploy publisher --timeout 1')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('eu: 0 of 1 sensors reporting') },
    });
    up.cluster.failure = 'exit code 1: no such module';
    expect(await run('deploy publisher --emoji 2')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('edge-us-1: exit code 1: no such module') },
    });
    box.write('.wasm-sensors/token', 'another\n');
    expect(await json('deploy publisher')).toMatchObject(refusal('TOKEN_WRONG'));
  });
});

test('stop publisher waits until nothing arrives, and fails where readings go on', async () => {
  await started();
  expect((await soon('stop publisher --region eu')).code).toBe(0);
  const timer = setInterval(() => up.fleet.send('edge-us-1'), 5);
  try {
    const { code, stderr } = await soon('stop publisher');
    expect([code, stderr]).toEqual([1, expect.stringContaining('readings still arrive')]);
  } finally {
    clearInterval(timer);
  }
});

describe('config', () => {
  test('set, unset and show: what is desired, and what each sensor does', async () => {
    await started();
    expect((await run('config set color=#00FF88 interval=1')).stdout).toMatch(/^3\/3 sensors converged/);
    expect((await json('config set --region eu colour=random emoji=3')).data).toMatchObject({
      sensors: 1,
      converged: 1,
    });
    expect(await json('config set --region mars paused=true')).toMatchObject({ code: 2 });
    expect((await run('config set --no-wait emoji=4')).stdout).toMatch(/^Saved for fleet .*--no-wait/);
    expect((await json('config unset --region eu color')).code).toBe(0);
    const { stdout } = await run('config show');
    expect(stdout).toMatch(/^fleet +color=#00ff88 emoji=4 interval=1 +version/m);
    expect(stdout).toMatch(/^region eu +emoji=3 /m);
  });

  test('a change that no sensor follows fails, unless it is meant for those that come', async () => {
    await start();
    expect(await json('config set color=#00ff88')).toMatchObject({ code: 1, data: { sensors: 0 } });
    expect(await json('config set color=#00ff88 --ahead')).toMatchObject({ code: 0 });
    expect(await json('config unset color')).toMatchObject({ code: 0 });
    await up.deploy();
    await run('config set --host edge-eu-1 interval=3');
    expect(await json('config set --region eu interval=2')).toMatchObject({
      code: 1,
      data: { sensors: 1, converged: 0 },
    });
  });

  test('a roll-out ends with the regions, or stops at the first that fails and says what was not changed', async () => {
    await started();
    up.fleet.lively = true;
    expect((await json('config set interval=2 --rollout us,eu,as')).data).toMatchObject({
      regions: ['us', 'eu', 'as'],
    });
    expect(await json('config set paused=false --rollout ,')).toMatchObject({ code: 2 });
    expect(await json('config set paused=false --rollout us,mars')).toMatchObject(refusal('NO_SUCH_REGION', 2));
    up.fleet.deaf.add('edge-eu-1');
    const { code, stderr } = await soon('config set emoji=1 --rollout us,eu,as --timeout 1');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/stopped at eu: .*\n.*pending: edge-eu-1[\s\S]*as was not changed/),
    ]);
  });

  test('a change fails where the token is wrong, a sensor does not follow, or another change takes its place', async () => {
    await started();
    box.write('wrong', 'another\n');
    expect(await json('config set paused=true --token-file wrong')).toMatchObject(refusal('TOKEN_WRONG'));
    expect((await json('config show --token-file wrong')).code).toBe(0);
    up.fleet.deaf.add('edge-eu-1');
    expect(await soon('config set paused=true --timeout 1')).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/2\/3 sensors converged in 1 s\n.*pending: edge-eu-1/) },
    });
    const { version } = up.desired;
    const timer = setInterval(() => {
      if (up.desired.version > version) {
        clearInterval(timer);
        up.desired.patch({ scope: {}, set: { color: '#222222' }, unset: [] }, NOON);
        up.fleet.deaf.clear();
      }
    }, 10);
    expect(await soon('config set color=#111111')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('another change replaced this one: now color is #222222') },
    });
  });

  test('a proxy that has lost its state is said, and changed with --replace only', async () => {
    await started();
    up.desired.recordReportedVersion(NOON - 5000);
    expect((await json('config show')).warnings).toEqual([expect.stringMatching(/has lost version .*--replace/)]);
    expect(await json('config set paused=true')).toMatchObject(refusal('STATE_LOST'));
    expect((await run('deploy config-updater --paused')).code).toBe(1);
    expect((await json('config set paused=true --replace')).data).toMatchObject({ converged: 3 });
  });

  test('of several proxies, those that do not follow or do not answer are named, and the command fails', async () => {
    await started();
    const other = new Box();
    const second = await FakeUp.start(other);
    const closed = await closedPort();
    const url = `http://127.0.0.1:${closed.port}`;
    const proxies = `--proxies ${up.endpoints.proxy},${second.endpoints.proxy},${url}`;
    const differing = [{ url: second.endpoints.proxy, reason: expect.stringContaining('--follow') }, { url }];
    expect((await json(`config show ${proxies}`)).data).toMatchObject({ differing });
    expect(await json(`config set interval=1 ${proxies}`)).toMatchObject({
      code: 1,
      data: { failed: differing, converged: 3 },
    });
    await second.close();
    other.close();
    await closed.close();
  });

  test('edit takes what sensors can use; anything else is restored, and kept beside it', async () => {
    await started();
    await run('deploy publisher --region eu --emoji 1');
    const edit = (script: string) => run('config edit eu', { EDITOR: box.program('editor', script) });
    expect((await edit(`echo "color: '#00ff88'" >> "$1"`)).stdout).toContain(
      '1/1 sensors of region eu have applied it',
    );
    expect(await edit('echo "shape: round" >> "$1"')).toMatchObject({
      ...{ code: 2, stderr: expect.stringMatching(/line \d+: unknown key\nThe file is restored; .*eu\.yaml\.refused/) },
    });
    expect(await edit('exit 3')).toMatchObject({ code: 1, stderr: expect.stringContaining('exited with code 3') });
  });

  test('a config-updater changes the fleet or a file; a job that fails or does nothing is no success', async () => {
    await started();
    await run('deploy publisher');
    expect((await json('deploy config-updater --color #fefefe')).data).toMatchObject({ region: 'us', converged: 3 });
    expect((await json('deploy config-updater --file --region eu --emoji 3')).data).toMatchObject({ read: 1 });
    up.cluster.works = false;
    expect((await soon('deploy config-updater --emoji 1 --timeout 1')).stderr).toContain('changed nothing within 1 s');
    up.cluster.failure = 'exit code 1';
    expect(await json('deploy config-updater --emoji 2 --from eu')).toMatchObject(refusal('UPDATER_FAILED'));
  });
});

test('region: a link is cut and restored; nodes that do not follow are said', async () => {
  await start({ nodesPerRegion: 2 });
  expect((await json('region disconnect eu')).data).toMatchObject({ connected: false, reached: 2, nodes: 2 });
  expect((await json('region reconnect eu')).data).toMatchObject({ connected: true, reached: 2, nodes: 2 });
  expect(await json('region disconnect mars')).toMatchObject(refusal('NO_SUCH_REGION', 2));
  up.cluster.linksFollow = false;
  expect(await soon('region disconnect us --timeout 1')).toMatchObject({
    ...{ code: 1, stderr: expect.stringContaining('0/2 nodes are seen as disconnected') },
  });
});

test.each(['deploy proxy', 'deploy puller', 'shell'])('the embedded network offers no `%s`', async (line) => {
  await start();
  expect(await run(line)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: .*embedded network/) });
});

test('down asks a running `up` to end, and finds nothing after it was killed', async () => {
  await start();
  expect((await run('down')).code).toBe(0);
  expect(up.asked).toEqual(['stop']);
  up.writeState({ alive: false });
  expect((await run('down')).code).toBe(0);
});
