/** `up --deploy` before a real Prometheus, with the configuration and the alert rules that `render` writes. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

const missing = ['prometheus', 'promtool'].filter((program) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
});
const SKIP = missing.length > 0 ? `there is no ${missing.join(' and no ')} on the PATH` : undefined;

const sandbox = new Sandbox();
const folder = join(sandbox.dir, 'network', 'prometheus');
let prometheus: ChildProcess | undefined;
let url = '';

beforeAll(async () => {
  if (SKIP !== undefined) return;
  const args = ['up', '-d', '--deploy', '--interval', '0.2', ...(await Sandbox.portFlags())];
  const { code, stderr } = await sandbox.run(args);
  expect(stderr + code).toMatch(/0$/);
  await sandbox.json(['render']);
  // As it is rendered, but for the time between two looks, which is long where hours are shown.
  const rendered = readFileSync(join(folder, 'prometheus.yml'), 'utf8');
  writeFileSync(join(folder, 'often.yml'), rendered.replaceAll(/_interval: \d+s/g, '_interval: 3s'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'often.yml')}`,
      `--storage.tsdb.path=${join(sandbox.dir, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  await eventually('prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok, 30_000);
});

afterAll(async () => {
  if (prometheus && prometheus.exitCode === null) {
    prometheus.kill('SIGTERM');
    await once(prometheus, 'exit');
  }
  await sandbox.close();
});

const withPrometheus = (name: string, body: () => Promise<void>) =>
  test(name, async (context) => {
    if (SKIP !== undefined) context.skip(SKIP);
    await body();
  }, 150_000);

/** The value of each series that an expression gives, by the labels named. */
async function query(expression: string, ...labels: string[]): Promise<Record<string, number>> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return Object.fromEntries(
    data.result.map(({ metric, value }) => [labels.map((label) => metric[label]).join(' '), Number(value[1])]),
  );
}

withPrometheus('promtool takes the configuration, the rules and what each service answers', async () => {
  const run = promisify(execFile);
  const checked = await run('promtool', ['check', 'config', join(folder, 'prometheus.yml')]);
  expect(checked.stdout).toMatch(/rules found/);
  const scrapeUrls = await eventually('four targets', async () => {
    const { data } = (await (await fetch(`${url}/api/v1/targets`)).json()) as {
      data: { activeTargets: { scrapeUrl: string }[] };
    };
    return data.activeTargets.length === 4 && data.activeTargets.map(({ scrapeUrl }) => scrapeUrl);
  });
  const authorization = `Bearer ${readFileSync(join(sandbox.stateDir, 'token'), 'utf8').trim()}`;
  for (const scrapeUrl of scrapeUrls) {
    const text = await (await fetch(scrapeUrl, { headers: { authorization } })).text();
    const linted = execFileSync('sh', ['-c', 'promtool check metrics 2>&1; echo "exit $?"'], { input: text });
    expect([scrapeUrl, linted.toString()]).toEqual([scrapeUrl, 'exit 0\n']);
  }
});

withPrometheus('all services answer, and the rates are those of the sensors', async () => {
  await eventually(
    'four services',
    async () => Object.values(await query('up', 'job')).filter((up) => up === 1).length === 4,
    60_000,
  );
  // Three sensors, each with five readings a second. After two looks Prometheus knows only a part of the time.
  await eventually(
    'rates of us, eu and as',
    async () => {
      const found = await query('sum by (region) (rate(wasm_sensors_puller_readings_total[12s]))', 'region');
      return ['us', 'eu', 'as'].every((region) => (found[region] ?? 0) > 1);
    },
    60_000,
  );
  await eventually('what the proxy accepted', async () => {
    const accepted = await query('sum by (region) (rate(wasm_sensors_proxy_readings_accepted_total[12s]))', 'region');
    return Object.keys(accepted).sort().join() === 'as,eu,us';
  });
  const buckets = 'rate(wasm_sensors_puller_reading_latency_seconds_bucket[12s])';
  const [latency] = Object.values(await query(`histogram_quantile(0.5, sum by (le) (${buckets}))`));
  expect(latency).toBeGreaterThan(0);
  expect(latency).toBeLessThan(10);
  expect(await query('wasm_sensors_queue_oldest_message_age_seconds', 'queue')).toHaveProperty('wasm-sensors-dead', 0);
  expect(await query('wasm_sensors_host_executions{state="running"}', 'state')).toEqual({ running: 3 });
  expect(await query('ALERTS{alertstate="firing"}', 'alertname')).toEqual({});
});

withPrometheus('a region that is cut off is seen, and its alert is pending', async () => {
  expect((await sandbox.run(['region', 'disconnect', 'eu'])).code).toBe(0);
  await eventually(
    'the alert',
    async () => 'WasmSensorsRegionSilent eu' in (await query('ALERTS', 'alertname', 'region')),
    90_000,
  );
  const connected = await query('wasm_sensors_host_region_connected', 'region');
  expect(connected).toEqual({ us: 1, eu: 0, as: 1 });
});
