/** Commands that serve: what they say when they begin, what they answer, and how they end. */
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Box } from '../../support/box.js';
import { type SpawnedCli, spawnCli } from '../../support/cli.js';
import { closedPort } from '../../support/closed-port.js';
import type { Placeholder } from '../normalize.js';
import { CommandTranscript } from './command-transcript.js';

let box: Box;
let transcript: CommandTranscript;
const running: SpawnedCli[] = [];

/** The port that a service was given, and addresses with it. */
const PORT: Placeholder = [/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>'];
const AWS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' };

beforeEach(() => {
  box = new Box();
  transcript = new CommandTranscript([...box.placeholders, PORT]);
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  box.close();
});

function serve(args: string[], env: Record<string, string> = {}): SpawnedCli {
  const service = spawnCli(args, { folder: box.folder, env: { ...box.env, ...AWS, ...env } });
  running.push(service);
  return service;
}

/** Its address, once it says that it listens. */
async function urlOf(service: SpawnedCli): Promise<string> {
  await service.says(/ on http:\/\/127\.0\.0\.1:\d+ /);
  return / on (http:\/\/127\.0\.0\.1:\d+) /.exec(service.stderr)![1]!;
}

async function end(args: string[], service: SpawnedCli, signal: NodeJS.Signals, note = ''): Promise<void> {
  service.child.kill(signal);
  transcript.add(args, await service.ended, `${note}${note === '' ? '' : ', '}${signal}`);
}

test('queue, proxy and puller together', async () => {
  const queueArgs = ['queue', 'serve', '--port', '0', '--create', 'readings', '--data', 'queue.db'];
  const queue = serve(queueArgs);
  const endpoint = await urlOf(queue);
  const common = ['--port', '0', '--queue', 'readings', '--queue-endpoint', endpoint];
  const proxyArgs = ['proxy', 'serve', ...common];
  const pullerArgs = ['puller', 'serve', ...common, '--sinks', 'log,alert'];
  const proxy = serve(proxyArgs);
  const puller = serve(pullerArgs);
  const [proxyUrl] = await Promise.all([urlOf(proxy), urlOf(puller)]);
  const reading = {
    job_id: 'j-1',
    execution_id: 'e-1',
    icon_name: '🚀',
    timestamp: '2026-01-31T12:00:00.000Z',
    color: '#00ff88',
    sequence: 1,
    region: 'eu',
    job_submission_time: 0,
    hostname: 'edge-eu-1',
  };
  for (const body of [reading, { data: { test: 'hello' } }]) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${proxyUrl}/send`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'accepted', accepted: 1 }]);
    await puller.says(JSON.stringify(Object.values(body)[0]));
  }
  await end(proxyArgs, proxy, 'SIGTERM');
  await end(pullerArgs, puller, 'SIGINT');
  await end(queueArgs, queue, 'SIGHUP');
  await transcript.matches('serve/together');
});

test('without a queue that answers', async () => {
  const closed = await closedPort();
  const common = ['--port', '0', '--queue', 'readings', '--queue-endpoint', `http://127.0.0.1:${closed.port}`];
  for (const args of [
    ['proxy', 'serve', ...common],
    ['puller', 'serve', ...common, '--sinks', 'log'],
  ]) {
    const service = serve(args);
    transcript.add(args, await service.ended);
  }
  const byUrl = ['--port', '0', '--queue', `http://127.0.0.1:${closed.port}/000000000000/readings`];
  for (const args of [
    ['proxy', 'serve', ...byUrl],
    ['puller', 'serve', ...byUrl, '--sinks', 'log', '--queue-unsigned'],
  ]) {
    const service = serve(args);
    await service.says('not there yet');
    await urlOf(service);
    service.child.kill('SIGTERM');
    const { code, stdout, stderr } = await service.ended;
    // What comes first depends on who is quicker.
    transcript.add(args, { code, stdout, stderr: sorted(stderr) }, 'SIGTERM');
  }
  await closed.close();
  await transcript.matches('serve/no-queue');
});

test('a sensor host', async () => {
  const args = ['sensors', 'serve', '--port', '0', '--jobs', 'jobs.json'];
  const host = serve(args, { WASM_SENSORS_TOKEN: 'operator' });
  const url = await urlOf(host);
  const nodes = await fetch(`${url}/nodes`, { headers: { authorization: 'Bearer operator' } });
  transcript.file('GET /nodes', `${JSON.stringify(await nodes.json(), null, 2)}\n`);
  await end(args, host, 'SIGTERM');
  box.write('jobs.json', 'damaged');
  const damaged = serve(args, { WASM_SENSORS_TOKEN: 'operator' });
  await urlOf(damaged);
  await end(args, damaged, 'SIGINT', 'jobs.json is damaged');
  await transcript.matches('serve/sensors');
});

test('a port that is taken, and a store that can’t be used', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const at: Placeholder = [new RegExp(`\\b${port}\\b`, 'g'), '<port>'];
  const run = async (args: string[], env: Record<string, string> = {}, note = '') =>
    transcript.add(args, await serve(args, env).ended, note, [at]);
  await run(['queue', 'serve', '--port', String(port)]);
  await run(['sensors', 'serve', '--port', String(port), '--jobs', 'jobs.json'], { WASM_SENSORS_TOKEN: 'x' });
  await run(['queue', 'serve', '--host', '192.0.2.1', '--open', '--port', '0']);
  box.write('no.db/no file', 'This is a folder.');
  await run(['queue', 'serve', '--port', '0', '--data', 'no.db']);
  box.write('.wasm-sensors/readings.db/no file', 'This is a folder.');
  box.write('.wasm-sensors/desired.json', 'damaged');
  const queue = serve(['queue', 'serve', '--port', '0', '--create', 'q', '--data', 'queue.db']);
  const common = ['--queue', 'q', '--queue-endpoint', await urlOf(queue)];
  await run(['proxy', 'serve', '--port', '0', ...common], {}, 'desired.json is damaged');
  await run(['puller', 'serve', '--port', '0', ...common], {}, 'readings.db is a folder');
  await run(['puller', 'serve', '--port', String(port), ...common, '--sinks', 'log']);
  await run(
    ['proxy', 'serve', '--state-dir', 'other', ...common],
    { WASM_SENSORS_PROXY_PORT: String(port) },
    'WASM_SENSORS_PROXY_PORT=<port>',
  );
  await new Promise((resolve) => taken.close(resolve));
  await transcript.matches('serve/troubles');
});

const sorted = (text: string) => {
  const withoutTime = (line: string) => line.slice(line.indexOf(' '));
  const lines = [...new Set(text.trim().split('\n'))];
  return `${lines.sort((a, b) => (withoutTime(a) < withoutTime(b) ? -1 : 1)).join('\n')}\n`;
};
