/** Clients that want too much, or nothing good, as a table. None of them may get an internal error, or keep others out. */
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readToken } from '../../lib/net/bearer-token.js';
import type { Sandbox } from '../support/cli-harness.js';
import type { History } from './checker.js';
import { JOB, post, readingOf } from './clients.js';
import type { Random } from './random.js';

interface Attack {
  sandbox: Sandbox;
  seconds: number;
  random: Random;
  history: History;
}

interface HostileClient {
  name: string;
  attack(attack: Attack): Promise<unknown>;
}

const CONNECTIONS = 8;
const READERS = 120;
const SLOW_READERS = 8;
const HALF_OPEN = 200;
const HOURS_AHEAD = 22;

export const HOSTILE_CLIENTS: HostileClient[] = [
  { name: 'junk at the proxy', attack: (attack) => flood(attack, JUNK) },
  { name: 'wide bodies at the proxy', attack: (attack) => flood(attack, WIDE) },
  { name: 'forged readings that end deployments', attack: forge },
  { name: 'half-open connections', attack: openHalf },
  { name: `${READERS} readers of /events that read nothing`, attack: (attack) => listen(attack, READERS, 0) },
  { name: `${SLOW_READERS} slow readers of /events`, attack: (attack) => listen(attack, SLOW_READERS, 4096) },
];

type Body = (random: Random) => string;

const JUNK: Body[] = [
  () => '{"execution_id":',
  () => '[]',
  () => 'null',
  (random) => '\u0000'.repeat(random.integer(1, 100_000)),
  (random) => '['.repeat(random.integer(100, 50_000)),
  (random) => forgedBody({ color: 'x'.repeat(random.integer(8, 1000)) }),
  (random) => forgedBody({ execution_id: '\u202e', region: '\u0007', sequence: -random.integer(0, 9) }),
  (random) => JSON.stringify({ text: 'x'.repeat(random.integer(100_000, 3_000_000)) }),
];

const WIDE: Body[] = [
  (random) => `[${'{},'.repeat(random.integer(100, 300_000))}{}]`,
  (random) => `{${'"":0,'.repeat(random.integer(100, 200_000))}"":0}`,
  (random) => `[${'[],'.repeat(random.integer(1_000_000, 6_000_000))}[]]`,
];

const forgedBody = (fields: object) =>
  JSON.stringify({ ...readingOf({ execution_id: 'x', region: 'eu' }, 1), ...fields });

/** Sends bodies, some of them as if they were compressed, and announces others that never come. */
async function flood({ sandbox, seconds, random, history }: Attack, bodies: Body[]): Promise<void> {
  const { proxy } = sandbox.state().endpoints;
  const until = performance.now() + seconds * 1000;
  const one = async () => {
    while (performance.now() < until) {
      const half = halfRequest(proxy);
      const body = random.pick(bodies)(random);
      const headers = random.integer(1, 10) === 1 ? { 'content-encoding': 'gzip' } : {};
      const answer = await post(proxy, body, headers).catch(() => sleep(50));
      if (answer?.status === 500) history.badAnswers.push(`500 for ${body.slice(0, 80)}`);
      half.destroy();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

/** Readings of a deployment that nobody made: a proxy that believes them refuses those of the true one. */
async function forge({ sandbox, seconds, history }: Attack): Promise<void> {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const { sensors } = await sandbox
      .fleet()
      .snapshot()
      .catch(() => ({ sensors: [] }));
    const deployed = sensors.filter(({ job_id }) => job_id !== JOB);
    for (const { execution_id, hostname, region, sequence } of deployed) {
      const job_submission_time = Date.now() + HOURS_AHEAD * 3_600_000;
      const body = forgedBody({ execution_id, hostname, region, sequence: sequence + 1000, job_submission_time });
      const answer = await post(sandbox.state().endpoints.proxy, body).catch(() => undefined);
      if (answer?.status === 200) history.badAnswers.push(`a forged reading of ${hostname} got ${answer.text}`);
    }
    await sleep(200);
  }
}

async function openHalf({ sandbox, seconds }: Attack): Promise<void> {
  const { proxy, puller, queue } = sandbox.state().endpoints;
  const sockets = [proxy, puller, queue!].flatMap((url) => Array.from({ length: HALF_OPEN }, () => halfRequest(url)));
  await sleep(seconds * 1000);
  for (const socket of sockets) socket.destroy();
}

/** A request that announces a body and does not send it. */
function halfRequest(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(`POST /send HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 1000\r\n\r\n{`);
  return socket;
}

/** Asks for everything since the beginning, and reads some bytes of it ten times a second. */
async function listen({ sandbox, seconds }: Attack, readers: number, bytes: number): Promise<void> {
  const url = `${sandbox.state().endpoints.puller}/events?since=0`;
  const headers = { authorization: `Bearer ${readToken(join(sandbox.stateDir, 'token'))}` };
  const responses: IncomingMessage[] = [];
  const requests = Array.from({ length: readers }, () => {
    const reader = request(url, { headers, agent: false }, (response) => {
      response.on('error', () => {});
      responses.push(response);
    });
    reader.on('error', () => {});
    return reader.end();
  });
  for (const until = performance.now() + seconds * 1000; performance.now() < until; await sleep(100)) {
    if (bytes > 0) for (const response of responses) response.read(bytes);
  }
  for (const reader of requests) reader.destroy();
}
