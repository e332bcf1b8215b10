/** A real `up` of the embedded network: what it says from its start to its end, and what others say meanwhile. */
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Box } from '../../support/box.js';
import { type CliResult, type SpawnedCli, spawnCli } from '../../support/cli.js';
import { closedPort } from '../../support/closed-port.js';
import { DURATIONS, type Placeholder } from '../normalize.js';
import { CommandTranscript } from './command-transcript.js';

let box: Box;
let transcript: CommandTranscript;
const running: SpawnedCli[] = [];

const PORTS = ['--port', '0', '--puller-port', '0', '--queue-port', '0'];
/** Each sensor shows the same in every run. */
const SENSORS = ['--color', '#00ff88', '--emoji', '0', '--interval', '0.2'];

const LIVE: readonly Placeholder[] = [
  ...DURATIONS,
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>'],
  [/\bpid \d+/g, 'pid <pid>'],
  [/("pid": ?)\d+/g, '$1<pid>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<id>'],
  [/^\d\d:\d\d:\d\d\.\d{3} /gm, '<time> '],
  [/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g, '"<time>"'],
  [/\b1[0-9]{12}\b/g, '<ms>'],
  [/ {2}#\d+$/gm, '  #<n>'],
  [/("sequence":)\d+/g, '$1<n>'],
  // How many are seen at once depends on the machine.
  [/^… [012]\/3 sensors (reporting|converged)\n/gm, ''],
];

beforeEach(() => {
  box = new Box();
  transcript = new CommandTranscript([...box.placeholders, ...LIVE]);
});
afterEach(async () => {
  await spawnCli(['down'], box).ended;
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  box.close();
});

function start(args: string[]): SpawnedCli {
  const started = spawnCli(args, box);
  running.push(started);
  return started;
}

async function run(args: string[], note = '', more: readonly Placeholder[] = []): Promise<void> {
  transcript.add(args, await start(args).ended, note, more);
}

/** Which comes first differs from run to run, and how often; what there is does not. */
function record(args: string[], { code, stdout, stderr }: CliResult, note = ''): void {
  const lines = (text: string) => {
    const single = new CommandTranscript([...box.placeholders, ...LIVE]);
    single.file('x', text);
    return `${[...new Set(single.toString().trim().split('\n').slice(1))].sort().join('\n')}\n`;
  };
  const said = { code, stdout: stdout === '' ? '' : lines(stdout), stderr: lines(stderr) };
  transcript.add(args, said, note === '' ? 'lines are sorted' : `${note}; lines are sorted`);
}

const allSend = (up: SpawnedCli) => up.says('3/3 sensors reporting (');

test('up --deploy, a second one, and down', async () => {
  const args = ['up', '--deploy', ...SENSORS, ...PORTS];
  const up = start(args);
  await allSend(up);
  for (const host of ['edge-us-1', 'edge-eu-1', 'edge-as-1']) await up.says(host);
  const again = ['up', '--nodes', '3', '--sinks', 'log'];
  const second = start(again);
  for (const host of ['edge-us-1', 'edge-eu-1', 'edge-as-1']) await second.says(host);
  second.child.kill('SIGINT');
  record(again, await second.ended, 'while it runs, SIGINT');
  const other = ['up', '-d', '--deploy', ...SENSORS, '--color', '#3366ff'];
  record(other, await start(other).ended, 'while it runs');
  for (const host of ['edge-us-1', 'edge-eu-1', 'edge-as-1']) await up.says(new RegExp(`${host}.*#3366ff`));
  await run(['up', '--network', 'native'], 'while it runs');
  await run(['up', '--network', 'native', '-o', 'ndjson'], 'while it runs');
  const down = start(['down']);
  transcript.add(['down'], await down.ended);
  record(args, await up.ended, 'ended by `down`');
  await run(['down'], 'once more');
  await transcript.matches('up/text');
});

test('up -o ndjson', async () => {
  const args = ['up', '-o', 'ndjson', '--deploy', ...SENSORS, ...PORTS];
  const up = start(args);
  await allSend(up);
  for (const host of ['edge-us-1', 'edge-eu-1', 'edge-as-1']) await up.says(`"hostname":"${host}"`);
  up.child.kill('SIGTERM');
  const ended = await up.ended;
  expect(
    ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event),
  ).toContain('reading');
  record(args, ended, 'SIGTERM');
  await transcript.matches('up/ndjson');
});

test('up -d, and what others say then', async () => {
  const args = ['up', '-d', ...PORTS];
  record(args, await start(args).ended);
  await run(['up', '-d', '-o', 'ndjson'], 'while it runs');
  await run(['status'], 'while it runs');
  await run(['config', 'show', '-o', 'json'], 'while it runs');
  await run(['down', '-o', 'json']);
  const json = ['up', '-d', '-o', 'ndjson', '--deploy', ...SENSORS, ...PORTS];
  record(json, await start(json).ended);
  await run(['region', 'disconnect', 'eu', '-o', 'json']);
  await run(['region', 'reconnect', 'eu']);
  await run(['config', 'set', 'color=#3366ff']);
  await run(['stop', 'publisher', '--region', 'us'], '', [[/no reading for [\d.]+ s/, 'no reading for <s> s']]);
  await run(['down']);
  await transcript.matches('up/detached');
});

test('without sensors, ended at once', async () => {
  const args = ['up', ...PORTS];
  const up = start(args);
  await up.says('no sensors yet');
  up.child.kill('SIGINT');
  record(args, await up.ended, 'SIGINT');
  await transcript.matches('up/no-sensors');
});

/** How far an `up` came before it failed, and which default ports were in use, differs from run to run. */
const FAILED_UP: readonly Placeholder[] = [
  [/^… .* ready\n/gm, ''],
  [/^\w+: port \d+ is in use; using \d+\n/gm, ''],
];

test('what keeps it from starting', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const at: Placeholder = [new RegExp(`\\b${port}\\b`, 'g'), '<taken-port>'];
  await run(['up', ...PORTS, '--port', String(port)], '', [at, ...FAILED_UP]);
  await run(['up', ...PORTS, '--queue-port', String(port), '-o', 'ndjson'], '', [at, ...FAILED_UP]);
  await run(['up', ...PORTS, '--deploy', '--region', 'eu'], 'it has no --region', FAILED_UP);
  const closed = await closedPort();
  const endpoint = ['--queue', 'q', '--queue-endpoint', `http://127.0.0.1:${closed.port}`];
  const failed = await start(['up', ...PORTS, ...endpoint, '--aws-region', 'us-east-1']).ended;
  // Proxy and puller fail alike, and one of them is first.
  const either: Placeholder[] = [
    [/\b(proxy|puller) did not start/g, '<proxy or puller> did not start'],
    [/logs\/(proxy|puller)\.log/g, 'logs/<proxy or puller>.log'],
    ...FAILED_UP,
  ];
  transcript.add(['up', ...PORTS, ...endpoint, '--aws-region', 'us-east-1'], failed, 'no credentials', either);
  await closed.close();
  await new Promise((resolve) => taken.close(resolve));
  await transcript.matches('up/fails');
});

test('programs that are not there', async () => {
  const native = ['up', '--network', 'native', ...PORTS, '--api-port', '0', '--nats-port', '0', '--webui-port', '0'];
  const remote = ['up', '--network', 'remote', ...PORTS, '--api-host', 'cluster'];
  await run(native, '', FAILED_UP);
  await run([...native, '-o', 'ndjson'], '', FAILED_UP);
  await run([...native, '--bacalhau', 'none/bacalhau'], '', FAILED_UP);
  await run(remote, '', FAILED_UP);
  await run([...remote, '--proxy-url', 'http://10.0.0.1:9090'], '', FAILED_UP);
  await run(['up', '--network', 'compose'], '', FAILED_UP);
  await run(['images', 'build']);
  await run(['images', 'push', '-o', 'json']);
  await transcript.matches('up/no-programs');
});
