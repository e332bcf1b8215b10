/** Commands on the networks that run a real Bacalhau: with programs that stand in for `bacalhau` and `docker`. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Box } from '../../support/box.js';
import { runCli } from '../../support/cli.js';
import { closedPort } from '../../support/closed-port.js';
import { edgeNodes, FAILED, FakeBacalhau, RUNNING } from '../../support/fake-bacalhau.js';
import { FakeUp } from '../../support/fake-up.js';
import { DURATIONS, type Placeholder } from '../normalize.js';
import { scenes } from './scene.js';

const scene = scenes();
let bacalhau: FakeBacalhau;

beforeEach(() => {
  bacalhau = new FakeBacalhau(scene.box);
  bacalhau.nodes(edgeNodes());
});

const ALWAYS: readonly Placeholder[] = [
  ...DURATIONS,
  [/(?<=^ {2}owner: )[0-9a-f]{16}/m, '<owner>'],
  // Sensors may begin after the first look.
  [/^… 0\/\d sensors reporting\n/gm, ''],
  // What is equal to what runs depends on the built modules.
  [/spec: [0-9a-f]{16}/g, 'spec: <hash>'],
];

function startOf(kind: string, facts: Record<string, unknown>, more: readonly Placeholder[] = []): Promise<void> {
  return scene.start({ network: { kind, facts } }, [...more, ...ALWAYS]);
}

/** Sensors of every region send as soon as a job was submitted. */
async function sending(work: () => Promise<void>): Promise<void> {
  let last = bacalhau.submissionTime;
  const timer = setInterval(() => {
    const submission = bacalhau.submissionTime;
    if (submission === last || submission === undefined) return;
    last = submission;
    for (const region of ['us', 'eu', 'as']) {
      const hostname = `edge-${region}-1`;
      const identity = { hostname, region, job: `j-${region}`, execution: `e-${region}-${submission}`, submission };
      scene.up.fleet.start({ ...identity, flags: {}, path: undefined });
    }
  }, 10);
  await work().finally(() => clearInterval(timer));
}

const labelsOf = (role: string, region: string) => ({ app: 'wasm-sensors', role, region });

const nativeFacts = (over: object = {}) => ({
  bacalhau: bacalhau.path,
  api: { host: '127.0.0.1', port: 1234 },
  webUi: 'http://127.0.0.1:8438',
  docker: true,
  sensorProxyUrls: { us: 'http://127.0.0.1:7001', eu: 'http://127.0.0.1:7002', as: 'http://127.0.0.1:7003' },
  forwarded: { edge: ['HOSTNAME', 'REGION'], updater: ['WASM_SENSORS_TOKEN'], services: ['SENSOR_TOKEN'] },
  ...over,
});

describe('native', () => {
  test('status', async () => {
    await startOf('native', nativeFacts());
    await scene.run(['status'], 'nothing is deployed');
    bacalhau.nodes([
      ...edgeNodes(),
      { name: 'edge-eu-2', labels: { region: 'eu', type: 'edge' }, connected: false },
      { name: 'edge-us-2', labels: { region: 'us', type: 'edge' }, engines: ['docker'] },
      { name: 'edge-odd', labels: { region: 'a b', type: 'edge' } },
      { name: 'web-services', labels: { type: 'web-services' } },
    ]);
    bacalhau.jobs([
      {
        id: 'j-us',
        name: 'publisher-us',
        labels: labelsOf('publisher', 'us'),
        executions: {
          'e-1': { node: 'edge-us-1', state: FAILED, message: 'lost contact' },
          'e-2': { node: 'edge-us-1', state: RUNNING },
          'e-3': { node: 'edge-us-2', state: FAILED, message: 'exit code 1' },
        },
      },
      { id: 'j-eu', name: 'publisher-eu', labels: labelsOf('publisher', 'eu'), state: 'Stopped' },
      {
        id: 'j-up',
        name: 'config-updater-eu',
        labels: labelsOf('config-updater', 'eu'),
        type: 'batch',
        state: 'Completed',
      },
      { id: 'j-other', name: 'other', labels: {} },
    ]);
    await scene.both(['status']);
    bacalhau.fails('Error: Get "http://127.0.0.1:1234/api/v1": dial tcp 127.0.0.1:1234: connect: connection refused\n');
    await scene.both(['status'], 'the API does not answer');
    await scene.transcript.matches('networks/native-status');
  });

  test('what bacalhau says when it fails', async () => {
    await startOf('native', nativeFacts());
    for (const said of [
      'Error: Client sent an HTTP request to an HTTPS server',
      'Error: Unable to parse API call response body',
      'Error: Unsupported repository version 9',
      'Error: request timed out',
      'Error: tls: failed to verify certificate',
      'Error: Unauthorized. Please login using "bacalhau auth login"',
      'Error: no changes detected for new job spec',
      'Error: not enough nodes to run job. requested: 1, available: 0',
      'Error: something else\nand more of it',
      '',
    ]) {
      bacalhau.fails(`${said}\n`);
      await scene.run(['deploy', 'publisher', '--region', 'eu'], JSON.stringify(said));
    }
    await scene.transcript.matches('networks/bacalhau-fails');
  });

  test('deploy and stop publisher', async () => {
    await startOf('native', nativeFacts());
    await sending(() => scene.run(['deploy', 'publisher', '--color', '#00ff88', '--interval', '2']));
    scene.transcript.file('bacalhau was called', sorted(bacalhau.takeCalls()));
    await sending(() => scene.run(['deploy', 'publisher', '--region', 'eu', '--emoji', '3']));
    scene.transcript.file('it was given', withoutModule(bacalhau.submitted));
    await scene.run(['deploy', 'publisher', '--region', 'mars', '-o', 'json']);
    const jobs = ['us', 'eu', 'as'].map((region) => ({
      id: `j-${region}`,
      name: `publisher-${region}`,
      labels: labelsOf('publisher', region),
    }));
    bacalhau.jobs(jobs);
    bacalhau.takeCalls();
    await scene.soon(['stop', 'publisher']);
    scene.transcript.file('bacalhau was called', sorted(bacalhau.takeCalls()));
    bacalhau.jobs([{ id: 'j-foreign', name: 'publisher-eu', labels: {} }]);
    await scene.both(['deploy', 'publisher', '--region', 'eu'], 'a job of that name is not ours');
    bacalhau.jobs([]);
    bacalhau.version('v1.6.0');
    await scene.run(['deploy', 'publisher', '--region', 'eu'], 'an old bacalhau');
    await scene.transcript.matches('networks/native-publisher');
  });

  test('config-updater', async () => {
    await startOf('native', nativeFacts());
    await scene.run(['deploy', 'config-updater', '--file', '--color', '#fefefe']);
    const failed = { 'e-1': { node: 'edge-us-1', state: FAILED, message: 'exit code 1' } };
    const updater = { id: 'j-submitted', name: 'config-updater-us', labels: labelsOf('config-updater', 'us') };
    bacalhau.jobs([{ ...updater, type: 'batch', executions: failed }], 'after');
    await scene.run(['deploy', 'config-updater', '--color', '#fefefe'], 'it fails');
    scene.transcript.file('it was given', withoutModule(bacalhau.submitted));
    await scene.run(['config', 'edit', 'eu'], 'nothing is changed', { EDITOR: 'true' });
    await scene.run(['shell']);
    await scene.transcript.matches('networks/native-updater');
  });

  test('region', async () => {
    await startOf('native', nativeFacts());
    scene.up.onRegionLink = (cut, connected) =>
      bacalhau.nodes(edgeNodes().map((node) => (node.labels?.region === cut ? { ...node, connected } : node)));
    await scene.both(['region', 'disconnect', 'eu']);
    await scene.run(['region', 'reconnect', 'eu']);
    scene.up.onRegionLink = () => {};
    await scene.soon(['region', 'disconnect', 'eu', '--timeout', '1'], 'the orchestrator does not notice');
    scene.box.write('.wasm-sensors/token', 'another\n');
    await scene.run(['region', 'disconnect', 'eu', '-o', 'json'], 'with another token');
    scene.asked();
    await scene.transcript.matches('networks/native-region');
  });

  test('service jobs: what is refused', async () => {
    await startOf('native', nativeFacts());
    await scene.both(['deploy', 'proxy'], 'no queue');
    await scene.run(['deploy', 'proxy', '--queue', 'q', '--node-port', '0']);
    await scene.run(['deploy', 'puller', '--queue', 'q', '--timeout', 'x']);
    await scene.soon(['deploy', 'puller', '--queue', 'q', '--timeout', '1'], 'no web-services node');
    scene.up.writeState({ endpoints: { ...scene.up.endpoints, queue: 'http://127.0.0.1:9324' } });
    await scene.both(['deploy', 'puller'], 'the queue is the embedded one');
    scene.up.writeState({ facts: nativeFacts({ docker: false }) });
    await scene.run(['deploy', 'puller', '--queue', 'q'], 'no Docker');
    scene.up.writeState({ facts: nativeFacts({ forwarded: { edge: [], updater: [], services: [] } }) });
    await scene.run(['deploy', 'proxy', '--queue', 'q'], 'no sensor token');
    await scene.transcript.matches('networks/native-service-refused');
  });

  test('service jobs', async () => {
    const closed = await closedPort();
    await startOf('native', nativeFacts(), [
      [`:${closed.port}`, ':<closed-port>'],
      [`port ${closed.port}`, 'port <closed-port>'],
    ]);
    bacalhau.nodes([...edgeNodes(), { name: 'web-services', labels: { type: 'web-services' } }]);
    const service = (name: string, state = RUNNING, jobState = 'Running') => ({
      id: 'j-submitted',
      name,
      labels: { app: 'wasm-sensors', role: name },
      type: 'service',
      state: jobState,
      executions: { 'e-1': { node: 'web-services', state, message: state === FAILED ? 'no such image' : '' } },
    });
    const at = (url: string) => ['--node-port', new URL(url).port];
    const image = ['--image', 'registry.example.com/wasm-sensors:1'];
    bacalhau.jobs([service('proxy')], 'after');
    const second = await FakeUp.start(new Box());
    const answering = at(second.endpoints.proxy!);
    const hidden: Placeholder[] = [[answering[1]!, '<node-port>']];
    for (const more of [[], ['-o', 'json']]) {
      const args = ['deploy', 'proxy', '--queue', 'q', ...image, ...answering, ...more];
      bacalhau.jobs([]);
      scene.transcript.add(args, await runCli(args, scene.box), '', hidden);
    }
    scene.transcript.file('it was given', bacalhau.submitted, hidden);
    const refused = ['--node-port', String(closed.port), ...image];
    await scene.soon(['deploy', 'proxy', '--queue', 'q', ...refused, '--timeout', '2'], 'it does not answer');
    bacalhau.jobs([service('puller', FAILED, 'Failed')], 'after');
    await scene.run(['deploy', 'puller', '--queue', 'q', ...refused], 'it fails');
    bacalhau.jobs([service('puller')], 'now');
    scene.up.writeState({ endpoints: { ...scene.up.endpoints, puller: `http://127.0.0.1:${closed.port}` } });
    await scene.both(['stop', 'puller']);
    bacalhau.jobs([service('proxy')], 'now');
    await scene.both(['stop', 'proxy']);
    scene.asked(hidden);
    await second.close();
    second.box.close();
    await closed.close();
    await scene.transcript.matches('networks/native-service');
  });
});

describe('remote', () => {
  const facts = () => ({
    bacalhau: bacalhau.path,
    api: { host: 'cluster.example.com', port: 1234 },
    proxyUrl: 'https://proxy.example.com',
    forSensors: [],
    tokenInJob: false,
  });

  test('what it offers, and what not', async () => {
    await startOf('remote', facts());
    await scene.run(['status']);
    await scene.both(['region', 'disconnect', 'eu']);
    await scene.run(['config', 'edit', 'eu']);
    await scene.run(['deploy', 'config-updater', '--color', '#fefefe']);
    await scene.run(['deploy', 'proxy']);
    await scene.run(['shell']);
    bacalhau.nodes([]);
    await scene.both(['deploy', 'publisher'], 'no nodes');
    bacalhau.takeCalls();
    await scene.both(['down']);
    await scene.transcript.matches('networks/remote');
  });
});

describe('compose', () => {
  const facts = (over: object = {}) => ({
    project: { name: 'edge', folder: scene.box.folder },
    apiPort: 1234,
    pullerPort: 9091,
    withServices: true,
    proxyJobPort: 8080,
    pullerJobPort: 8081,
    image: 'ghcr.io/example/wasm-sensors:1',
    queueForJobs: 'http://10.99.0.10:9324/000000000000/wasm-sensors',
    allowedHosts: [],
    serviceArgs: { proxy: [], puller: [] },
    forwarded: { edge: ['HOSTNAME'], updater: ['WASM_SENSORS_TOKEN'], services: [] },
    ...over,
  });

  const withoutNetwork = {
    Name: '/edge-edge-eu-1-1',
    RestartCount: 0,
    Config: { Labels: { 'com.docker.compose.service': 'edge-eu-1' } },
    State: { Status: 'running', ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z' },
    NetworkSettings: { Networks: {} },
  };

  beforeEach(() => {
    scene.box.program(
      'docker',
      `case "$*" in
  *" bacalhau "*) shift 4; exec '${bacalhau.path}' "$@" ;;
  "ps "*) echo edge-eu-1 ;;
  "inspect "*) echo '${JSON.stringify([withoutNetwork])}' ;;
  "exec "*) echo "docker $*"; exit 7 ;;
  *manifest*) echo 'no such manifest' >&2; exit 1 ;;
esac`,
    );
  });

  test('what it offers, and what not', async () => {
    await startOf('compose', facts());
    await scene.run(['status'], 'eu has no network');
    await scene.both(['deploy', 'proxy', '--open', '--aws-region', 'eu-west-1']);
    await scene.both(['deploy', 'puller'], 'no image in a registry');
    await scene.run(['deploy', 'publisher', '--proxy', 'nonsense']);
    await scene.soon(['deploy', 'proxy', '--image', 'x', '--timeout', '1'], 'no web-services node');
    scene.up.writeState({ facts: facts({ withServices: false }) });
    await scene.run(['deploy', 'proxy', '--image', 'x'], 'no node for service jobs');
    await scene.run(['deploy', 'config-updater', '--file', '--color', '#fefefe']);
    await scene.transcript.matches('networks/compose');
  });

  test('shell', async () => {
    await startOf('compose', facts());
    for (const args of [
      ['shell'],
      ['shell', 'bacalhau-like', '--flag', '-o', 'json'],
      ['shell', '--state-dir', 'none', 'x'],
    ])
      await scene.spawn(args);
    await scene.transcript.matches('networks/compose-shell');
  });
});

/** Once each: how often it is asked while something is waited for depends on the machine. */
const sorted = (lines: string) => `${[...new Set(lines.trim().split('\n'))].sort().join('\n')}\n`;

/** The module's bytes are another test's affair. */
function withoutModule(document: string): string {
  const short = document
    .replace(/data:[^\s"']+/g, (data) => `${data.slice(0, 30)}…`)
    .replace(/[A-Za-z0-9+/=]{200,}/g, '<bytes>');
  expect(short.length).toBeLessThan(5000);
  return short;
}
