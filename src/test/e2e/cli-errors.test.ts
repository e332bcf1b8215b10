/** What goes wrong, as the operator sees it: exit codes, what is said and where, and that nothing is left behind. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../lib/net/choose-port.js';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { eventually, type Running, type RunResult, Sandbox } from '../support/cli-harness.js';

/** Generous: it takes less than two seconds. */
const END_MS = 5_000;
let sandbox: Sandbox;
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Holds a port, unless somebody does already; the port. */
async function hold(port = 0): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, '127.0.0.1', () => {
      servers.push(server);
      resolve();
    });
  });
  return port === 0 ? (server.address() as { port: number }).port : port;
}

const plain = ({ stderr }: { stderr: string }) => expect(stderr).not.toMatch(/^\s+at |bug:/m);

/** Everything that a running `up` has to end. */
const processesOf = (box: Sandbox): ProcessId[] => [box.state().up, ...box.state().children];
const ready = (box: Sandbox) => eventually('a ready system', () => box.state().phase === 'ready');

/** How a process ends that is asked to. */
async function ending(
  { child, ended }: Running,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; took: number }> {
  const began = Date.now();
  child.kill(signal);
  const { code } = await ended;
  return { code, took: Date.now() - began };
}

describe('before anything runs', () => {
  beforeAll(() => {
    sandbox = new Sandbox();
  });
  afterAll(() => sandbox.close());

  // Of all others the recordings of `golden/usage` show the same, run in the test's process.
  test('a usage error ends with 2, and only stderr says why', async () => {
    const result = await sandbox.run(['up', '--fly']);
    expect([result.code, result.stdout]).toEqual([2, '']);
    expect(result.stderr).toMatch(/unknown option '--fly'/);
    plain(result);
  });

  test('the native network without a bacalhau says how to get one, and that another needs none', async () => {
    const result = await sandbox.run(['up', '--network', 'native'], { env: { PATH: sandbox.dir, BACALHAU_BIN: '' } });
    expect([result.code, result.stdout]).toEqual([1, '']);
    expect(result.stderr).toMatch(/no bacalhau on PATH\n.*docs\.bacalhau\.org.*--network embedded/);
    plain(result);
    expect(existsSync(join(sandbox.stateDir, 'run.json'))).toBe(false);
  });

  test('a module that can’t be deployed is refused before anything starts', async () => {
    const result = await sandbox.run(['up', '--deploy', '--module', 'nofile.wasm', '--state-dir', 'own']);
    expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(/^error: can't read the module nofile/)]);
    expect(existsSync(join(sandbox.dir, 'own'))).toBe(false);
  });

  test('a folder that can’t be made is said at once', async () => {
    const result = await sandbox.run(['up', '--state-dir', '/proc/x'], { timeoutMs: END_MS });
    expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(/^error: can't use \/proc\/x: no folder/)]);
  });

  test('`queue serve` leaves a file that is no database where it is', async () => {
    const file = join(sandbox.dir, 'notes.txt');
    writeFileSync(file, 'mine');
    const result = await sandbox.run(['queue', 'serve', '--port', '0', '--data', file], { timeoutMs: END_MS });
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(`${file} is there, and is no database`)]);
    expect([readFileSync(file, 'utf8'), existsSync(`${file}.damaged`)]).toEqual(['mine', false]);
  });

  test('a service says at once that its port is busy, also where its queue does not answer', async () => {
    const port = String(await hold());
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    servers.push(silent);
    const endpoint = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
    for (const service of ['puller', 'proxy']) {
      const args = [service, 'serve', '--port', port, '--queue', 'q', '--queue-endpoint', endpoint, '--queue-unsigned'];
      const { code, stderr } = await sandbox.run(args, { timeoutMs: END_MS });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(new RegExp(`${service}: port ${port} .*in use\nUse --port`)),
      ]);
    }
  });

  test('a variable that sets nothing is a warning, with what was meant', async () => {
    const { stderr } = await sandbox.run(['status'], { env: { WASM_SENSORS_PULLER_ULR: 'http://p' } });
    expect(stderr).toMatch(
      /^! WASM_SENSORS_PULLER_ULR \(environment\) sets nothing\. Did you mean WASM_SENSORS_PULLER_URL\?/,
    );
  });

  test.each([['--port'], ['--puller-port'], ['--queue-port']])(
    '`up` with a busy %s names port and flag',
    async (flag) => {
      const port = await hold();
      const flags = await Sandbox.portFlags();
      flags[flags.indexOf(flag) + 1] = String(port);
      const result = await sandbox.run(['up', ...flags]);
      expect([result.code, result.stdout]).toEqual([1, '']);
      expect(result.stderr).toMatch(new RegExp(`port ${port} .*in use\nUse ${flag}, `));
      plain(result);
      expect(existsSync(join(sandbox.stateDir, 'run.json'))).toBe(false);
    },
  );

  test('a busy port that a variable asked for names the variable', async () => {
    const port = await hold();
    const result = await sandbox.run(['up', '-d'], { env: { WASM_SENSORS_PROXY_PORT: String(port) } });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(new RegExp(`port ${port} .*in use\n.*WASM_SENSORS_PROXY_PORT`));
  });

  test('a service that can’t start is said with its last words, and nothing stays', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' };
    const args = ['up', '--queue', 'q', '--queue-endpoint', endpoint, ...(await Sandbox.portFlags())];
    const result = await sandbox.run(args, { env });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /^error: (proxy|puller) did not start: exit code 1\n( {2}\| .*\n)* {2}\| .*can't be reached/m,
    );
    plain(result);
    expect(existsSync(join(sandbox.stateDir, 'run.json'))).toBe(false);
  });
});

describe('while `up` runs', () => {
  let up: Running;
  let processes: ProcessId[];

  beforeAll(async () => {
    sandbox = new Sandbox();
    await hold(9090);
    const [, , ...otherPorts] = await Sandbox.portFlags();
    up = sandbox.spawn(['up', '--deploy', '--interval', '0.2', ...otherPorts]);
    await ready(sandbox);
    processes = processesOf(sandbox);
  });
  afterAll(() => sandbox.close());

  test('a busy default port has moved, which was said', async () => {
    expect(up.stderr).toMatch(/port 9090 is in use; using \d+/);
    expect(sandbox.state().endpoints.proxy).not.toContain(':9090');
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > 3);
  });

  test('a reader that has seen enough ends `tail` without a word', async () => {
    const tail = sandbox.spawn(['tail', '-o', 'ndjson']);
    const lines: string[] = [];
    for await (const line of createInterface({ input: tail.child.stdout! })) {
      lines.push(line);
      if (lines.length === 3) break;
    }
    tail.child.stdout!.destroy();
    expect(await tail.ended).toEqual({ code: 0, signal: null });
    expect(tail.stderr).toBe('');
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['reading', 'reading', 'reading']);
  });

  test.each([[], ['--network', 'native'], ['--detach', '--deploy']])(
    'a second `up %s` is refused: it says who runs and what shows it, and leaves the first alone',
    async (...flags) => {
      const result = await sandbox.run(['up', ...flags, '-o', 'ndjson']);
      expect(result.code).toBe(1);
      const { error } = JSON.parse(result.stdout);
      expect(error).toMatchObject({ code: 'ALREADY_UP', message: expect.stringContaining(`pid ${up.child.pid}`) });
      expect(error.hint).toMatch(/top.*deploy publisher.*down/);
      expect(processesOf(sandbox)).toEqual(processes);
      expect(processes.filter(isAlive)).toEqual(processes);
    },
  );

  test('a queue whose attributes somebody changed starts again with them', async () => {
    const { queue } = sandbox.state().endpoints;
    const call = async (action: string, input: object) => {
      const headers = { 'x-amz-target': `AmazonSQS.${action}` };
      const body = JSON.stringify({ QueueUrl: `${queue}/000000000000/wasm-sensors`, ...input });
      const response = await fetch(queue!, { method: 'POST', headers, body });
      expect(response.status).toBe(200);
      return response.text();
    };
    await call('SetQueueAttributes', { Attributes: { VisibilityTimeout: '7' } });
    const pid = sandbox.pidOf('queue');
    process.kill(pid, 'SIGKILL');
    await eventually('a new queue', () => sandbox.pidOf('queue') !== pid);
    await eventually(
      'its attributes',
      async () =>
        JSON.parse(await call('GetQueueAttributes', { AttributeNames: ['All'] })).Attributes.VisibilityTimeout === '7',
    );
  });

  test('sensors of a sensor host that was killed are replaced, not missed', async () => {
    const pid = sandbox.pidOf('sensors');
    process.kill(pid, 'SIGKILL');
    await eventually('a new sensor host', () => sandbox.pidOf('sensors') !== pid);
    const states = async () => (await sandbox.fleet().snapshot()).sensors.map(({ state }) => state).sort();
    const expected = ['live', 'live', 'live', 'replaced', 'replaced', 'replaced'];
    await eventually('new sensors', async () => (await states()).join() === expected.join());
    processes = processesOf(sandbox);
  });

  test('a service that finds its port taken after a crash comes back when it is free', async () => {
    const { port } = new URL(sandbox.state().endpoints.proxy);
    const pid = sandbox.pidOf('proxy');
    const { received } = (await sandbox.fleet().summary()).total;
    process.kill(pid, 'SIGKILL');
    await eventually('the port held', async () => (await hold(Number(port))) && servers.length === 1);
    await eventually('the reason on the screen', () => up.stderr.includes(`port ${port} `));
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > received + 3);
    processes = processesOf(sandbox);
  });

  test('Ctrl-C ends everything, with exit code 130', async () => {
    const { code, took } = await ending(up, 'SIGINT');
    expect(code).toBe(130);
    expect(took).toBeLessThan(END_MS);
    expect(processes.length).toBeGreaterThanOrEqual(5);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(existsSync(join(sandbox.stateDir, 'run.json'))).toBe(false);
    plain(up);
  });
});

test.each(['stdout', 'stderr'] as const)(
  'an `up` whose %s nobody reads any more ends everything in order',
  async (stream) => {
    sandbox = new Sandbox();
    const up = sandbox.spawn(['up', '--deploy', '--interval', '0.2', '-o', 'ndjson', ...(await Sandbox.portFlags())]);
    await ready(sandbox);
    const processes = processesOf(sandbox);
    up.child[stream]!.destroy();
    // It notices when it says its next word.
    if (stream === 'stderr') process.kill(sandbox.pidOf('proxy'), 'SIGKILL');
    expect(await up.ended).toEqual({ code: 0, signal: null });
    expect(processes.filter(isAlive)).toEqual([]);
    expect(existsSync(join(sandbox.stateDir, 'run.json'))).toBe(false);
    await sandbox.close();
  },
);

test('of two `up` that start together one runs, and the other says so', async () => {
  sandbox = new Sandbox();
  const flags = await Sandbox.portFlags();
  const both = [sandbox.spawn(['up', ...flags]), sandbox.spawn(['up'])];
  await ready(sandbox);
  const { pid } = sandbox.state().up;
  const [one, other] = both[0]!.child.pid === pid ? both : both.reverse();
  expect((await other!.ended).code).toBe(1);
  expect(other!.stderr).toContain(`another \`up\` runs in this folder (pid ${pid}`);
  await sandbox.json(['status']);
  const processes = processesOf(sandbox);
  expect((await ending(one!, 'SIGINT')).code).toBe(130);
  expect(processes.filter(isAlive)).toEqual([]);
  await sandbox.close();
});

test('Ctrl-C at any moment of the start ends `up`, with nothing left', async () => {
  const interrupt = async (ms: number) => {
    const box = new Sandbox();
    const up = box.spawn(['up', '--deploy', ...(await Sandbox.portFlags())]);
    await sleep(ms);
    const children = existsSync(join(box.stateDir, 'run.json')) ? processesOf(box) : [];
    const { took } = await ending(up, 'SIGINT');
    expect(took).toBeLessThan(END_MS);
    expect(children.filter(isAlive)).toEqual([]);
    expect(existsSync(join(box.stateDir, 'run.json'))).toBe(false);
    plain(up);
    await box.close();
  };
  // Two at a time: the processors are few, and a start is slower beside others.
  for (const both of [
    [120, 300],
    [200, 500],
  ]) {
    await Promise.all(both.map(interrupt));
  }
});

test('a signal for `up -d` before it is ready ends what it began, with its exit code', async () => {
  for (const [ms, signal, code] of [
    [200, 'SIGINT', 130],
    [500, 'SIGTERM', 143],
    [700, 'SIGHUP', 129],
  ] as const) {
    sandbox = new Sandbox();
    const up = sandbox.spawn(['up', '-d', '--nodes', '20', ...(await Sandbox.portFlags())]);
    await eventually('the beginning', () => up.stderr.includes('starting in the background'));
    await sleep(ms);
    const children = existsSync(join(sandbox.stateDir, 'run.json')) ? processesOf(sandbox) : [];
    // It may have been faster; then it runs, and that is what was asked for.
    if (up.child.exitCode === null) {
      expect((await ending(up, signal)).code).toBe(code);
      expect(children.filter(isAlive)).toEqual([]);
      expect(existsSync(join(sandbox.stateDir, 'run.json'))).toBe(false);
      plain(up);
    }
    await sandbox.close();
  }
});

describe('after kill -9 of `up`', () => {
  beforeAll(() => {
    sandbox = new Sandbox();
  });
  afterAll(() => sandbox.close());

  /** An `up` that was killed, with a child that can't notice. */
  async function killed(stuck: string): Promise<{ processes: ProcessId[]; left: ProcessId }> {
    const up = sandbox.spawn(['up', ...(await Sandbox.portFlags())]);
    await ready(sandbox);
    const processes = processesOf(sandbox);
    const left = processes.find(({ name }) => name === stuck)!;
    process.kill(left.pid, 'SIGSTOP');
    up.child.kill('SIGKILL');
    await up.ended;
    await eventually('the others ending by themselves', () => processes.filter(isAlive).length === 1);
    expect(processes.filter(isAlive)).toEqual([left]);
    return { processes, left };
  }

  test('`status` says what happened, and `down` ends what is left', async () => {
    const { left } = await killed('puller');
    const status = await sandbox.run(['status']);
    expect([status.code, status.stderr]).toEqual([1, expect.stringContaining('exited without cleaning up')]);
    expect(await sandbox.run(['down'])).toMatchObject({ code: 0, stdout: 'stopped: puller\n' });
    expect(isAlive(left)).toBe(false);
    expect(await sandbox.run(['down'])).toMatchObject({ code: 0, stdout: 'nothing is running here\n' });
  });

  test('the next `up` ends what is left, and runs', async () => {
    const { left } = await killed('queue');
    const up = sandbox.spawn(['up', '--deploy', '--interval', '0.2', ...(await Sandbox.portFlags())]);
    await eventually('the new one', () => sandbox.state().up.pid === up.child.pid);
    expect(up.stderr).toContain('stopped queue, which a killed `up` left behind');
    expect(isAlive(left)).toBe(false);
    await ready(sandbox);
    await eventually('readings', async () => (await sandbox.fleet().summary()).total.received > 0);
    const processes = processesOf(sandbox);
    expect((await ending(up, 'SIGTERM')).code).toBe(143);
    expect(processes.filter(isAlive)).toEqual([]);
  });
});

describe('services alone', () => {
  const running: Running[] = [];
  beforeAll(() => {
    sandbox = new Sandbox({ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' });
  });
  // A second attempt starts with a queue of its own.
  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
  });
  afterAll(() => sandbox.close());

  async function serve(args: string[]): Promise<{ service: Running; url: string }> {
    const port = await freePort();
    const service = sandbox.spawn([...args, '--port', String(port)]);
    running.push(service);
    const url = `http://127.0.0.1:${port}`;
    await eventually(`${args[0]} serving`, async () => (await fetch(`${url}/health`)).ok);
    return { service, url };
  }

  test('SIGTERM lets the proxy finish what it has taken; then it ends with 0', async () => {
    const queue = await serve(['queue', 'serve', '--create', 'q']);
    const proxy = await serve(['proxy', 'serve', '--queue', `${queue.url}/000000000000/q`]);
    queue.service.child.kill('SIGSTOP');
    const answer = fetch(`${proxy.url}/send`, { method: 'POST', body: '{"a":1}' });
    await eventually('the proxy has the reading', async () => {
      const stats = await fetch(`${proxy.url}/stats`);
      return (await stats.text()).includes('"received":1,');
    });
    proxy.service.child.kill('SIGTERM');
    await eventually('no more connections', () =>
      fetch(`${proxy.url}/health`).then(
        () => false,
        () => true,
      ),
    );
    await sleep(1500);
    queue.service.child.kill('SIGCONT');
    const response = await answer;
    expect([response.status, await response.json()]).toEqual([200, { status: 'accepted', accepted: 1 }]);
    expect(await proxy.service.ended).toEqual({ code: 0, signal: null });
    expect((await ending(queue.service, 'SIGINT')).code).toBe(130);
  });

  test('a busy port of a service names port and flag', async () => {
    const port = String(await hold());
    const result: RunResult = await sandbox.run(['queue', 'serve', '--port', port]);
    expect([result.code, result.stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`queue: port ${port} .*\n.*--port`)),
    ]);
    plain(result);
  });
});
