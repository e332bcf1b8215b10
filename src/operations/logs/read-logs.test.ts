import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Network, NetworkLogLine } from '../../network/network.js';
import { FakeNetwork, jobInfo } from '../../test/support/fake-network.js';
import { holdClock, hurried, releaseClock } from '../../test/support/test-clock.js';
import { sensorSource } from './log-sources.js';
import { type LogLine, type LogsQuery, loggedServices, readLogs } from './read-logs.js';

let folder: string;
let network: Network | undefined;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-logs-'));
  network = undefined;
  followed = [];
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

const target = () => ({ folder, network: async () => network });
const write = (service: string, ...lines: string[]) =>
  appendFileSync(join(folder, `${service}.log`), lines.map((line) => `${line}\n`).join(''));
/** A line of a service, so many seconds after the beginning. */
const at = (seconds: number, text: string, level = 'INFO ') =>
  `${new Date(BEGAN + seconds * 1000).toISOString()} ${level} happened: ${text}`;
const BEGAN = Date.UTC(2026, 0, 1);
const shown = ({ service, text, level }: LogLine) => `${service} ${level} ${text}`;

async function read(query: LogsQuery = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLogs(target(), query)) lines.push(shown(line));
  return lines;
}

/** Follows in the background. */
function follow(query: LogsQuery = {}): { lines: string[]; ended: Promise<void> } {
  const lines: string[] = [];
  const run = async () => {
    for await (const line of readLogs(target(), { follow: true, signal: stop.signal, ...query }))
      lines.push(shown(line));
  };
  return { lines, ended: run() };
}

async function until(look: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!look()) {
    if (Date.now() > deadline) throw new Error('not seen');
    await sleep(20);
  }
}

test('lines of all services in the order of time; those of one service stay in theirs', async () => {
  write('proxy', at(1, 'a'), at(4, 'd'));
  // Its clock was set back.
  write('queue', at(1, 'at the same time'), at(3, 'c'), at(2, 'b'));
  expect(await read()).toEqual([
    ...['proxy info a', 'queue info at the same time', 'queue info c', 'queue info b', 'proxy info d'],
  ]);
});

test('an older file comes first, and lines without a time stay with their neighbours', async () => {
  write('proxy', '(node:1) a warning of Node', at(1, 'a', 'ERROR'), '    at its stack', 'plain');
  renameSync(join(folder, 'proxy.log'), join(folder, 'proxy.log.1'));
  write('proxy', at(3, 'c'));
  write('queue', at(0, 'first'), at(2, 'b'));
  expect(await read()).toEqual([
    'queue info first',
    'proxy info (node:1) a warning of Node',
    'proxy error a',
    'proxy error     at its stack',
    'proxy info plain',
    'queue info b',
    'proxy info c',
  ]);
});

test('a log without any time has that of its file', async () => {
  write('proxy', 'one', 'two');
  const before = Date.now() - 60_000;
  expect(await read({ since: before })).toEqual(['proxy info one', 'proxy info two']);
  expect(await read({ since: Date.now() + 60_000 })).toEqual([]);
});

test('only some services, a time, a level, a count', async () => {
  write('proxy', at(1, 'a'), at(2, 'b', 'WARN '), at(3, 'c'), at(4, 'd', 'ERROR'));
  write('queue', at(2, 'x'));
  expect(await read({ services: ['queue'] })).toEqual(['queue info x']);
  expect(await read({ since: BEGAN + 3000 })).toEqual(['proxy info c', 'proxy error d']);
  expect(await read({ level: 'warn' })).toEqual(['proxy warn b', 'proxy error d']);
  expect(await read({ tail: 1 })).toEqual(['queue info x', 'proxy error d']);
  expect(await read({ tail: 1, level: 'warn', services: ['proxy'] })).toEqual(['proxy error d']);
  expect(await read({ tail: 0 })).toEqual([]);
});

test('the newest of many lines', async () => {
  write('proxy', ...Array.from({ length: 5000 }, (_, i) => at(i, String(i))));
  expect(await read({ tail: 2 })).toEqual(['proxy info 4998', 'proxy info 4999']);
});

test('without any log, and with a name that has none', async () => {
  await expect(read()).rejects.toMatchObject({ code: 'NO_LOGS', exitCode: 1 });
  rmSync(folder, { recursive: true });
  await expect(read({ services: ['proxy'] })).rejects.toMatchObject({ code: 'NO_LOGS' });
  mkdirSync(folder);
  write('proxy', at(1, 'a'));
  write('queue', at(1, 'a'));
  await expect(read({ services: ['proxy', 'quue'] })).rejects.toMatchObject({
    ...{ code: 'NO_SUCH_SERVICE', exitCode: 2 },
    ...{ message: expect.stringContaining('quue'), hint: expect.stringContaining('proxy, queue') },
  });
});

test('followed: what is appended, replaced, and new; it ends when it is aborted', async () => {
  write('proxy', at(1, 'a'));
  const { lines, ended } = follow();
  await until(() => lines.length === 1);
  write('proxy', at(3, 'c'), 'no time');
  write('queue', at(2, 'b'));
  await until(() => lines.length === 4);
  expect([...lines].sort()).toEqual(['proxy info a', 'proxy info c', 'proxy info no time', 'queue info b']);
  renameSync(join(folder, 'proxy.log'), join(folder, 'proxy.log.1'));
  writeFileSync(join(folder, 'proxy.log'), `${at(5, 'e')}\n`);
  await until(() => lines.includes('proxy info e'));
  stop.abort();
  await ended;
  expect(lines).toHaveLength(5);
});

test('followed: what several services have written since comes in the order of time', async () => {
  for (const service of ['proxy', 'queue']) write(service, at(1, 'a'));
  const { lines, ended } = follow();
  await until(() => lines.length === 2);
  write('proxy', at(3, 'c'));
  write('queue', at(2, 'b'));
  await until(() => lines.length === 4);
  expect(lines.slice(2)).toEqual(['queue info b', 'proxy info c']);
  stop.abort();
  await ended;
});

test('the log of a service job is with Bacalhau, and the error says where', async () => {
  write('up', at(1, 'ready'));
  const fake = new FakeNetwork();
  fake.jobList = [jobInfo({ role: 'puller' })];
  network = fake;
  await expect(read({ services: ['puller'] })).rejects.toMatchObject({
    ...{
      code: 'NO_SUCH_SERVICE',
      hint: expect.stringMatching(/service job: `bacalhau job logs j-puller`.*sensors, up\.$/),
    },
  });
});

/** A network whose containers have written these lines; `more` come while it is followed. */
/** Of the containers that are followed. */
let followed: (AbortSignal | undefined)[];
function containers(lines: NetworkLogLine[], more: NetworkLogLine[] = []): Network {
  const fake = new FakeNetwork();
  fake.logs = {
    services: async () => ['sqs-proxy'],
    async *read({ since = 0, follow = false, signal }) {
      yield* lines.filter(({ time }) => time >= since);
      if (!follow) return;
      followed.push(signal);
      yield* more;
      await sleep(60_000, undefined, { signal }).catch(() => {});
    },
  };
  return fake;
}
const line = (seconds: number, text: string, service = 'sqs-proxy') => ({
  service,
  time: BEGAN + seconds * 1000,
  line: text,
});

test('containers: merged with files, each line once, also when their logs become files', async () => {
  write('sqs-proxy', at(0, 'of the last run'));
  write('up', at(2, 'ready'));
  network = containers([line(3, at(3, 'late')), line(1, 'early')], [line(4, 'live')]);
  expect(await loggedServices(target())).toEqual(['sensors', 'sqs-proxy', 'up']);
  const { lines, ended } = follow();
  await until(() => lines.some((text) => text.endsWith('live')));
  // The network stops.
  const iso = (seconds: number) => new Date(BEGAN + seconds * 1000).toISOString();
  write('sqs-proxy', `${iso(3)} ${at(3, 'late')}`, `${iso(4)} live`, `${iso(5)} last output`);
  await until(() => lines.some((text) => text.endsWith('last output')));
  stop.abort();
  await ended;
  expect(followed.map((signal) => signal?.aborted)).toEqual([true]);
  expect(lines).toEqual([
    'sqs-proxy info of the last run',
    'sqs-proxy info early',
    'up info ready',
    'sqs-proxy info late',
    'sqs-proxy info live',
    'sqs-proxy info last output',
  ]);
});

test('readings in the output of a puller are for debugging', async () => {
  network = containers([line(1, '{"execution_id":"e-1","sequence":1,"color":"#fff"}'), line(2, 'x')]);
  expect(await read({ level: 'info' })).toEqual(['sqs-proxy info x']);
  expect((await read({ level: 'debug' }))[0]).toMatch(/^sqs-proxy debug \{/);
});

test('last output of sensors, once, where the network tells when', async () => {
  const execution = { id: 'e-1', node: 'edge-eu-1', state: 'failed' as const, message: 'no proxy', modified: BEGAN };
  const job = jobInfo(
    { role: 'publisher', region: 'eu' },
    {
      executions: [
        execution,
        { ...execution, id: 'e-2', state: 'stopped' },
        { id: 'e-3', node: 'edge-eu-2', state: 'failed', message: 'when?' },
      ],
    },
  );
  const fake = new FakeNetwork();
  fake.jobList = [job];
  network = fake;
  expect(await read()).toEqual(['sensors error edge-eu-1: no proxy']);
  fake.jobs = async () => {
    throw new Error('the orchestrator is away');
  };
  write('proxy', at(1, 'a'));
  expect(await read()).toEqual(['proxy info a']);
});

test('a network is asked for last output every ten seconds, and each is shown once', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: BEGAN });
  const fake = new FakeNetwork();
  const executions = ['e-1', 'e-2'].map((id) => ({
    id,
    node: id,
    state: 'failed' as const,
    message: 'x',
    modified: BEGAN,
  }));
  fake.jobList = [jobInfo({ role: 'publisher', region: 'eu' }, { executions: executions.slice(0, 1) })];
  const source = sensorSource(fake);
  const addedAfter = async (ms: number) => {
    vi.setSystemTime(BEGAN + ms);
    const texts: string[] = [];
    for await (const { text } of source.read()) texts.push(text);
    return texts;
  };
  expect(await addedAfter(0)).toEqual(['e-1: x']);
  fake.jobList = [jobInfo({ role: 'publisher', region: 'eu' }, { executions })];
  expect([await addedAfter(9_999), await addedAfter(10_000), await addedAfter(20_000)]).toEqual([[], ['e-2: x'], []]);
  vi.useRealTimers();
});

test('a network that starts later is followed, too', async () => {
  holdClock();
  write('up', at(1, 'starting'));
  const { lines, ended } = follow();
  await until(() => lines.length === 1);
  network = containers([line(2, 'hello')]);
  // It is asked for every 2 s.
  await hurried(() => until(() => lines.includes('sqs-proxy info hello')));
  releaseClock();
  stop.abort();
  await ended;
});
