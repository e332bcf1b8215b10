/** Command lines that can't be right, and commands that find nothing to work on. */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Box } from '../support/box.js';
import { runCli } from '../support/cli.js';
import { closedPort } from '../support/closed-port.js';
import { CommandTranscript } from './command-transcript.js';

/** Whether the usual ones are free is the machine's affair. */
const ANY_PORTS = ['--port', '0', '--puller-port', '0', '--queue-port', '0'];

let box: Box;
beforeEach(() => {
  box = new Box();
});
afterEach(() => box.close());

async function record(name: string, runs: string[][], env: Record<string, string> = {}): Promise<void> {
  const transcript = new CommandTranscript(box.placeholders);
  for (const args of runs)
    transcript.add(args, await runCli(args, { folder: box.folder, env: { ...box.env, ...env } }));
  await transcript.matches(`usage/${name}`);
}

describe('what no command takes', () => {
  const CASES: Record<string, string[][]> = {
    program: [
      [],
      ['fly'],
      ['--fly'],
      ['deploy'],
      ['deploy', 'rocket'],
      ['config', 'drop'],
      ['help', 'fly'],
      ['help', 'confg'],
      ['stop'],
    ],
    up: [
      ['up', '--fly'],
      ['up', 'now'],
      ['up', '-o', 'json'],
      ['up', '-o', 'xml'],
      ['up', '--ansi', 'maybe'],
      ['up', '--nodes'],
      ['up', '--color', 'reddish'],
      ['up', '--interval', '1', '--max-messages', '2', '--config-file', 'x'],
      ['up', '--deploy', '--interval', '0'],
      ['up', '--deploy', '--interval', 'often'],
      ['up', '--deploy', '--interval', '86401'],
      ['up', '--deploy', '--color', 'reddish'],
      ['up', '--deploy', '--emoji', '99'],
      ['up', '--deploy', '--emoji', '1.5'],
      ['up', '--deploy', '--max-messages', '0'],
      ['up', '--deploy', '--timeout', '0'],
      ['up', '--deploy', '--timeout', '1.5', '-o', 'ndjson'],
      ['up', '--network', 'compose', '--tls-cert', 'x', '--host', '::'],
      ['up', '--network', 'compose', '--tls-key', 'x', '--tls-ca', 'x', '--proxy-url', 'http://x'],
      ['up', '--network', 'remote', ...ANY_PORTS],
      ['up', '--tls-ca', 'none.pem'],
      ['up', '--tls-cert', 'none.pem', '--tls-key', 'none.pem'],
    ],
    tail: [
      ['tail', '-o', 'json'],
      ['tail', '--limit', '0'],
      ['tail', '--limit', 'many'],
      ['tail', '--limit', '1.5'],
      ['tail', '--since', 'yesterday'],
      ['tail', '--since', '5'],
      ['tail', '--since', 'x', '-o', 'ndjson'],
    ],
    config: [
      ['config', 'set'],
      ['config', 'set', '-o', 'json'],
      ['config', 'set', 'color'],
      ['config', 'set', 'shape=round'],
      ['config', 'set', 'colr=red'],
      ['config', 'set', 'color=reddish'],
      ['config', 'set', 'emoji=16'],
      ['config', 'set', 'random_off=maybe'],
      ['config', 'set', 'interval=0.01'],
      ['config', 'set', 'interval='],
      ['config', 'set', 'paused=2', '-o', 'json'],
      ['config', 'set', '--region', 'eu', '--host', 'edge-eu-1', 'paused=true'],
      ['config', 'set', '--rollout', 'us', '--region', 'eu', 'paused=true'],
      ['config', 'set', '--rollout', 'us', '--no-wait', 'paused=true'],
      ['config', 'unset'],
      ['config', 'unset', 'shape'],
      ['config', 'unset', '--region', 'eu', '--host', 'h', 'color'],
      ['config', 'edit'],
      ['config', 'show', 'all'],
    ],
    deploy: [
      ['deploy', 'publisher', 'eu'],
      ['deploy', 'publisher', '--colour', 'red'],
      ['deploy', 'publisher', '--anomalies', '2%'],
      ['deploy', 'config-updater'],
      ['deploy', 'config-updater', '--color', 'reddish'],
      ['deploy', 'config-updater', '--paused', 'perhaps'],
      ['deploy', 'config-updater', '--file', '--host', 'h', '--color', '#fefefe'],
      ['deploy', 'config-updater', '--region', 'eu', '--host', 'h', '--color', '#fefefe'],
      ['deploy', 'config-updater', '-o', 'json'],
      ['deploy', 'proxy', '--fly'],
      ['region', 'disconnect'],
      ['region', 'reconnect', 'eu', 'us'],
    ],
    serve: [
      ['proxy', 'serve'],
      ['proxy', 'serve', '-o', 'json'],
      ['proxy', 'serve', '--queue', 'q', '--host', '0.0.0.0'],
      ['proxy', 'serve', '--queue', 'q', '--tls-cert', 'cert.pem'],
      ['proxy', 'serve', '--queue', 'q', '--tls-key', 'key.pem'],
      ['proxy', 'serve', '--queue', 'q', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem'],
      ['proxy', 'serve', '--queue', 'http://'],
      ['proxy', 'serve', '--queue', 'ftp://x'],
      ['puller', 'serve'],
      ['puller', 'serve', '--queue', 'http://[bad'],
      ['puller', 'serve', '--queue', 'q', '--sinks', 'disk'],
      ['queue', 'serve', '--base-url', 'nonsense'],
      ['queue', 'serve', '--data'],
      ['queue', 'serve', '--host', '0.0.0.0'],
      ['sensors', 'serve'],
      ['sensors', 'serve', '--port', '0', '--jobs', 'jobs.json'],
    ],
    images: [
      ['images', 'build', '--tag', 'not a tag'],
      ['images', 'build', '--registry', 'https://ghcr.io'],
      ['images', 'push', 'now'],
      ['render', '--nodes', '0'],
      ['build', 'wasm', '--fly'],
    ],
  };
  test.each(Object.entries(CASES))('%s', (name, runs) => record(name, runs));

  test('an `up` that does not begin leaves no state folder that others could read', async () => {
    await runCli(['up', '--network', 'remote', ...ANY_PORTS], box);
    expect(statSync(box.stateDir).mode & 0o777).toBe(0o700);
  });
});

describe('settings', () => {
  /** By flag: values that it refuses. Each is also given by variable, by `.env` and by file. */
  const BAD: Record<string, string[]> = {
    network: ['docker', ''],
    nodes: ['many', '0', '1.5', '20001', ''],
    'state-dir': [''],
    host: [''],
    'allowed-hosts': ['', 'a,,b'],
    port: ['-1', '65536', '1.5', 'http'],
    'puller-port': ['99999'],
    'queue-port': ['x'],
    queue: [''],
    'queue-endpoint': ['localhost:9324', 'ftp://x'],
    'aws-region': [''],
    'proxy-url': ['proxy'],
    proxies: ['http://a,b', ''],
    'puller-url': ['http:/'],
    bacalhau: [''],
    'api-host': [''],
    'api-port': ['x'],
    'nats-port': ['70000'],
    'webui-port': ['0.5'],
    'api-ca': [''],
    'api-token-file': ['none'],
    'api-username': [''],
    'api-password-file': ['none'],
    'token-file': ['none', '.'],
    'sensor-token-file': ['none'],
    'rate-limit': ['fast', '-1'],
    'tls-cert': [''],
    'tls-key': [''],
    'tls-ca': [''],
    sinks: ['store,disk', ''],
    pollers: ['0', '65', 'x'],
    'alert-after': ['0', 'soon'],
    webhook: ['hook'],
    retention: ['0', 'long'],
  };

  test('flags', () =>
    record(
      'settings-flags',
      Object.entries(BAD).flatMap(([flag, values]) => values.map((value) => ['settings', `--${flag}`, value])),
    ));

  test('variables', async () => {
    const transcript = new CommandTranscript(box.placeholders);
    const variables: Record<string, string> = {
      WASM_SENSORS_NETWORK: 'docker',
      WASM_SENSORS_NODES: 'many',
      WASM_SENSORS_PROXY_PORT: '-1',
      AWS_ENDPOINT_URL: 'localhost',
      WASM_SENSORS_QUEUE_UNSIGNED: 'yes',
      WASM_SENSORS_PROXIES: 'a',
      BACALHAU_API_TLS_USETLS: 'on',
      BACALHAU_API_TLS_INSECURE: 'x',
      BACALHAU_API_KEY: 'two\nlines',
      WASM_SENSORS_TOKEN: 'schlüssel',
      SENSOR_TOKEN: 'schlüssel',
      WASM_SENSORS_TOKEN_IN_JOB: 'x',
      WASM_SENSORS_OPEN: 'x',
      WASM_SENSORS_WEBHOOK: 'secret-hook',
      WASM_SENSORS_SINKS: 'disk',
    };
    for (const [name, value] of Object.entries(variables)) {
      const env = { ...box.env, [name]: value };
      for (const args of [['settings'], ['settings', '-o', 'json']])
        transcript.add(args, await runCli(args, { folder: box.folder, env }), `${name}=${value.replace('\n', '\\n')}`);
    }
    await transcript.matches('usage/settings-variables');
  });

  test('files', async () => {
    const transcript = new CommandTranscript(box.placeholders);
    const run = async (args: string[], note: string) =>
      transcript.add(args, await runCli(args, { folder: box.folder, env: box.env }), note);
    const YAML = [
      'prot: 9090\n',
      'nodes: many\n',
      'nodes: [1, 2]\n',
      'open: maybe\n',
      'sinks: [store, disk]\n',
      'allowed-hosts: [a, ""]\n',
      'token-file: none\n',
      'network: {a: b}\n',
      '- nodes\n',
      'nodes\n',
      'nodes: "unfinished\n',
      'nodes: &a [*a]\n',
    ];
    for (const text of YAML) {
      box.write('wasm-sensors.yaml', text);
      await run(['settings'], `wasm-sensors.yaml: ${JSON.stringify(text)}`);
    }
    box.write('wasm-sensors.yaml', 'prot: 1\n');
    await run(['status', '-o', 'json'], 'wasm-sensors.yaml: prot');
    rmSync(`${box.folder}/wasm-sensors.yaml`);
    mkdirSync(`${box.folder}/wasm-sensors.yaml`);
    await run(['settings'], 'wasm-sensors.yaml is a folder');
    rmSync(`${box.folder}/wasm-sensors.yaml`, { recursive: true });
    for (const text of ['nonsense\n', 'A=1\n\n  B 2\n', 'WASM_SENSORS_NODES=x\n', 'A="not closed\n']) {
      box.write('.env', text);
      await run(['settings'], `.env: ${JSON.stringify(text)}`);
    }
    await transcript.matches('usage/settings-files');
  });

  test('the strongest source wins, and is shown', async () => {
    const transcript = new CommandTranscript(box.placeholders);
    const run = async (args: string[], env: Record<string, string> = {}) =>
      transcript.add(args, await runCli(args, { folder: box.folder, env: { ...box.env, ...env } }));
    await run(['settings']);
    box.write('.env', 'WASM_SENSORS_NODES=4\nWASM_SENSORS_HOST=localhost\nSENSOR_TOKEN=hidden\nAWS_REGION=eu-west-1\n');
    box.write(
      'wasm-sensors.yaml',
      'nodes: 5\nhost: "::1"\nretention: 2.5\nsinks: [store]\nqueue:\ntoken-file: token\n',
    );
    box.write('token', 'hidden\n');
    const env = {
      WASM_SENSORS_NODES: '3',
      WASM_SENSORS_OPEN: '1',
      SQS_QUEUE_URL: 'readings',
      WASM_SENSORS_POLLERS: '',
    };
    await run(['settings', '--nodes', '2', '--proxies', 'http://a/,https://b', '--webhook', 'http://hidden'], env);
    await run(['settings', '-o', 'json'], env);
    await run(['settings', '--ansi', 'always'], env);
    await transcript.matches('usage/settings-shown');
  });
});

describe('without an `up`', () => {
  const NEED_UP: string[][] = [
    ['status'],
    ['tail'],
    ['deploy', 'publisher'],
    ['deploy', 'proxy'],
    ['deploy', 'puller'],
    ['deploy', 'config-updater', '--color', '#fefefe'],
    ['stop', 'publisher'],
    ['stop', 'proxy'],
    ['stop', 'puller'],
    ['config', 'set', 'paused=true'],
    ['config', 'set', '--proxies', 'http://127.0.0.1:1', 'paused=true'],
    ['config', 'unset', 'paused'],
    ['config', 'show'],
    ['config', 'edit', 'eu'],
    ['region', 'disconnect', 'eu'],
    ['region', 'reconnect', 'eu'],
    ['shell'],
    ['down'],
  ];
  test('as text', () => record('no-up', NEED_UP));
  test('as JSON', () =>
    record(
      'no-up-json',
      NEED_UP.filter(([word]) => word !== 'shell').map((args) => [
        ...args,
        '-o',
        args[0] === 'tail' ? 'ndjson' : 'json',
      ]),
    ));

  test('a state folder that is a file', () => {
    box.write('file', '');
    return record('state-folder', [
      ['up', '--state-dir', 'file'],
      ['status', '--state-dir', 'file'],
      ['down', '--state-dir', 'file'],
      ['down', '--state-dir', 'file', '-o', 'json'],
      ['config', 'show', '--state-dir', 'file'],
    ]);
  });

  test('a state that is damaged', () => {
    box.write('.wasm-sensors/run.json', '{"up":');
    return record('damaged-state', [
      ['status'],
      ['tail', '-o', 'ndjson'],
      ['down', '-o', 'json'],
      ['status'],
      ['down'],
    ]);
  });

  test('a token that no header can carry', () => {
    box.write('.wasm-sensors/token', 'schlüssel\n');
    return record('damaged-token', [
      ['config', 'show', '--proxies', 'http://127.0.0.1:1', '--puller-url', 'http://127.0.0.1:1'],
    ]);
  });

  test('services that do not answer', async () => {
    const closed = await closedPort();
    const transcript = new CommandTranscript([...box.placeholders, [`:${closed.port}`, ':<port>']]);
    const url = `http://127.0.0.1:${closed.port}`;
    for (const args of [
      ['tail', '--puller-url', url],
      ['config', 'show', '--proxies', url, '--puller-url', url],
      ['config', 'set', '--proxies', `${url},${url}/other`, '--puller-url', url, 'color=random'],
      ['config', 'unset', '--proxies', url, '--puller-url', url, 'color', '-o', 'json'],
    ]) {
      transcript.add(args, await runCli(args, box));
    }
    await closed.close();
    await transcript.matches('usage/nobody-answers');
  });
});
