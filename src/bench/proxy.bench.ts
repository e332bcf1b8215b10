/**
 * `npm run bench -- proxy`: `POST /send` over 64 connections, one reading a request, with a durable queue server behind the
 * proxy, called as it is (`unsigned`) and through the AWS SDK (`signed`), each without and with `--pack`, and `POST /relay` over
 * two connections with 1,000 readings a request; beside a bare `node:http` that answers JSON. All rows come from one run, because only their ratios are comparable between machines. Options: `--seconds 5`; `--against DIR`: measures
 * another build of the program, too, in turns.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { freePort } from '../lib/net/choose-port.js';
import { waitForHttp } from '../lib/net/http-client.js';
import { packageRoot } from '../lib/process/self-command.js';
import { relayedLine } from '../protocol/relay.js';
import { unpackedLines } from '../queue/packed.js';
import { openSqsQueue } from '../queue/sqs-queue.js';
import { usageOf } from './usage.js';

const CONNECTIONS = 64;
/** As a relay sends them: one request in each of its lanes. */
const RELAYED = 1_000;
const LANES = 2;
/** Before the code is compiled, the numbers measure the compiler. */
const WARM_UP_ANSWERS = 15_000;
const TURNS = 2;

interface Row {
  name: string;
  perSecond: number;
  cpuUs: number;
  queueCpuUs?: number;
  /** Readings in a batch for the queue. */
  perBatch?: number;
}

export async function run({ seconds, against }: { seconds: number; against: string | undefined }): Promise<void> {
  const rows: Row[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    rows.push(await measureBare(seconds));
    rows.push(
      await measureProxy('proxy, a reading through a relay', packageRoot, seconds, { relayed: true, pack: true }),
    );
    for (const signed of [false, true]) {
      const name = signed ? 'signed' : 'unsigned';
      if (against !== undefined)
        rows.push(await measureProxy(`proxy of ${against}, ${name}`, against, seconds, { signed }));
      rows.push(await measureProxy(`proxy, ${name}`, packageRoot, seconds, { signed }));
      rows.push(await measureProxy(`proxy, ${name}, packed`, packageRoot, seconds, { signed, pack: true }));
    }
  }
  const names = [...new Set(rows.map(({ name }) => name))];
  const best = names.map((name) =>
    rows.filter((row) => row.name === name).reduce((a, b) => (a.perSecond > b.perSecond ? a : b)),
  );
  console.log(
    `proxy: POST /send, ${CONNECTIONS} connections        requests/s   ratio   CPU µs/request   queue server   a batch`,
  );
  for (const { name, perSecond, cpuUs, queueCpuUs, perBatch } of best) {
    const cells = [perSecond.toFixed(0).padStart(10), (perSecond / best[0]!.perSecond).toFixed(2).padStart(7)];
    console.log(
      name.padEnd(43),
      ...cells,
      cpuUs.toFixed(0).padStart(16),
      (queueCpuUs?.toFixed(0) ?? '').padStart(14),
      (perBatch?.toFixed(1) ?? '').padStart(9),
    );
  }
}

async function measureBare(seconds: number): Promise<Row> {
  const server = fork(fileURLToPath(new URL('./bench-json-server.js', import.meta.url)));
  const [url] = (await once(server, 'message')) as [string];
  try {
    return { name: 'bare node:http', ...(await measure(url, server.pid!, seconds)) };
  } finally {
    await end(server);
  }
}

async function measureProxy(
  name: string,
  program: string,
  seconds: number,
  { signed = false, pack = false, relayed = false }: { signed?: boolean; pack?: boolean; relayed?: boolean },
): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-proxy-'));
  const server = fork(fileURLToPath(new URL('./bench-queue-server.js', import.meta.url)), [join(folder, 'queue.db')]);
  const [endpoint] = (await once(server, 'message')) as [string];
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const queue = await createQueue(endpoint);
  const proxy = spawn(
    process.execPath,
    [
      join(program, 'bin/wasm-sensors.js'),
      'proxy',
      'serve',
      '--port',
      String(port),
      '--queue',
      queue.url,
      ...(pack ? ['--pack'] : []),
    ],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: 'bench',
        AWS_SECRET_ACCESS_KEY: 'bench',
        WASM_SENSORS_QUEUE_UNSIGNED: String(!signed),
      },
    },
  );
  try {
    await waitForHttp(`${url}/health`, AbortSignal.timeout(10_000));
    const before = usageOf(server.pid!).cpu;
    const measured = await measure(url, proxy.pid!, seconds, relayed);
    const queueCpuUs = ((usageOf(server.pid!).cpu - before) * 1e6) / measured.all;
    const { batches } = (await (await fetch(`${url}/stats`)).json()) as { batches: number };
    const kept = relayed ? measured.all : await queue.readings();
    if (kept !== measured.all) throw new Error(`${measured.all} readings were acknowledged, the queue has ${kept}`);
    return { name, ...measured, queueCpuUs, perBatch: measured.all / batches };
  } finally {
    await end(proxy);
    await end(server);
    rmSync(folder, { recursive: true });
  }
}

async function createQueue(endpoint: string): Promise<{ url: string; readings(): Promise<number> }> {
  const body = JSON.stringify({ QueueName: 'bench' });
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.CreateQueue' };
  const response = await fetch(endpoint, { method: 'POST', headers, body });
  const { QueueUrl: url } = (await response.json()) as { QueueUrl: string };
  return {
    url,
    /** Receives all. */
    async readings() {
      const queue = await openSqsQueue({ queue: url, unsigned: true });
      for (let all = 0; ; ) {
        const messages = await queue.receive({ waitSeconds: 0 });
        if (messages.length === 0) {
          queue.close();
          return all;
        }
        for (const { attributes, body } of messages) all += unpackedLines(attributes.packed, body)?.length ?? 1;
        await queue.delete(messages.map(({ receipt }) => receipt));
      }
    },
  };
}

/** `all`: readings, those of the warm-up included. */
async function measure(
  url: string,
  pid: number,
  seconds: number,
  relayed = false,
): Promise<{ perSecond: number; cpuUs: number; all: number }> {
  const load = new Load(new URL(url), relayed);
  while (load.answers < WARM_UP_ANSWERS) await sleep(10);
  const [answersBefore, cpuBefore, began] = [load.answers, usageOf(pid).cpu, performance.now()];
  await sleep(seconds * 1000);
  const answers = load.answers - answersBefore;
  const cpuUs = ((usageOf(pid).cpu - cpuBefore) * 1e6) / answers;
  const elapsed = (performance.now() - began) / 1000;
  await load.end();
  return { perSecond: answers / elapsed, cpuUs, all: load.answers };
}

/** Sends the next reading on each connection as soon as the one before is answered. It must cost less than any server. */
class Load {
  answers = 0;
  #ending = false;
  /** In a request. */
  readonly #readings: number;
  readonly #connections: Promise<void>[];

  constructor({ hostname, port }: URL, relayed: boolean) {
    this.#readings = relayed ? RELAYED : 1;
    this.#connections = Array.from({ length: relayed ? LANES : CONNECTIONS }, (_, i) =>
      this.#connect(hostname, Number(port), relayed ? relayRequestOf(i) : requestOf(i)),
    );
  }

  /** Resolves when all that was sent is answered; rejects when a reading was not accepted. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#connections);
  }

  #connect(host: string, port: number, request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true }, () => socket.write(request));
      socket.on('error', reject);
      socket.on('data', (answer) => {
        // Every answer fits into a packet.
        if (answer.toString('latin1', 9, 12) !== '200') return void socket.destroy(new Error(answer.toString()));
        this.answers += this.#readings;
        if (!this.#ending) return void socket.write(request);
        socket.end();
        resolve();
      });
    });
  }
}

const REPORTED = 'v=0;src=ddddd;file=none;interval=2000;paused=0';

function requestOf(sensor: number): Buffer {
  const body = readingOf(sensor);
  const head = ['POST /send HTTP/1.1', 'content-type: application/json', `x-sensor-config: ${REPORTED}`];
  return requestWith(head, Buffer.from(body));
}

function relayRequestOf(lane: number): Buffer {
  const texts = Array.from({ length: RELAYED }, (_, i) => readingOf(lane * RELAYED + i));
  const body = gzipSync(texts.map((text) => relayedLine({ text, reported: REPORTED })).join(''), { level: 1 });
  return requestWith(['POST /relay HTTP/1.1', 'content-encoding: gzip'], body);
}

const requestWith = (head: string[], body: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from([...head, 'host: localhost', `content-length: ${body.length}`, '', ''].join('\r\n')),
    body,
  ]);

const readingOf = (sensor: number): string =>
  JSON.stringify({
    job_id: 'j-6f3cf6b0-4c5f-4c39-9f4e-1f0f4c7f2d11',
    execution_id: `e-0b9c0f5e-2f0b-4a53-8a3e-7f3d6a1c9b${sensor}`,
    icon_name: '🚀',
    timestamp: '2025-03-26T12:34:56.789Z',
    color: '#FF5733',
    sequence: 42,
    region: 'eu',
    job_submission_time: 1742992496789,
    hostname: `edge-eu-${sensor}`,
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}
