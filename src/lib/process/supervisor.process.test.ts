import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { child, READY, RUN, Supervised } from '../../test/support/supervised.js';
import { isAlive, type ProcessId } from './process-id.js';
import { type ChildEvent, Supervisor } from './supervisor.js';

let supervised: Supervised;
let supervisor: Supervisor;
let folder: string;
let events: ChildEvent[];
let seen: Map<number, ProcessId>;

beforeEach(() => {
  supervised = new Supervised();
  ({ supervisor, folder, events, seen } = supervised);
});
afterEach(() => supervised.close());

const pidOf = (name: string) => supervised.pidOf(name);
const of = <T extends ChildEvent['type']>(type: T) => supervised.of(type);
const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 15_000, interval: 10 });

test('start resolves when the child says that it is ready, and stop leaves no process', async () => {
  await supervisor.start(child('a', `setTimeout(() => { ${READY} }, 200); ${RUN}`));
  const [id] = supervisor.running;
  expect(id).toMatchObject({ name: 'a', pid: expect.any(Number) });
  expect(events).toEqual([{ type: 'child.ready', name: 'a', pid: id!.pid, afterMs: expect.any(Number) }]);
  expect(of('child.ready')[0]!.afterMs).toBeGreaterThanOrEqual(200);
  await supervisor.stop(['a', 'nobody']);
  expect(supervisor.running).toEqual([]);
  expect(isAlive(id!)).toBe(false);
  expect(of('child.exited')).toEqual([]);
});

test('readiness may be looked for from outside', async () => {
  const file = join(folder, 'ready');
  const ready = async () => {
    await until(() => {
      try {
        return readFileSync(file, 'utf8') === 'yes';
      } catch {
        return false;
      }
    });
  };
  const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, 'yes'); ${RUN}`;
  await supervisor.start(child('a', script, { ready }));
  expect(readFileSync(file, 'utf8')).toBe('yes');
});

test('a child has the environment it is given, and its output goes to a private log', async () => {
  process.env.SUPERVISOR_TEST_GONE = 'here';
  try {
    const script = `console.log(process.env.GIVEN, process.env.SUPERVISOR_TEST_GONE); console.error('err'); ${READY} ${RUN}`;
    await supervisor.start(child('a', script, { env: { GIVEN: '🚀', SUPERVISOR_TEST_GONE: undefined } }));
  } finally {
    delete process.env.SUPERVISOR_TEST_GONE;
  }
  expect(readFileSync(supervisor.logFile('a'), 'utf8')).toBe('🚀 undefined\nerr\n');
});

test('after kill -9 it is started again, and again, each time after a longer pause', async () => {
  await supervisor.start(child('a', `console.log('words'); ${READY} ${RUN}`));
  const pids = [pidOf('a')!];
  for (let round = 1; round <= 3; round++) {
    process.kill(pids[0]!, 'SIGKILL');
    await until(() => of('child.restarted').length === round);
    pids.unshift(pidOf('a')!);
  }
  expect(new Set(pids).size).toBe(4);
  expect(of('child.exited')).toEqual(
    [100, 200, 400].map((restartInMs) => ({
      ...{ type: 'child.exited', name: 'a', how: 'killed by SIGKILL', restartInMs },
      lastLines: ['words'],
    })),
  );
  expect(of('child.restarted').map(({ pid }) => pid)).toEqual(pids.slice(0, 3).reverse());
});

test('every child has the variables of its supervisor', async () => {
  const marked = new Supervisor(join(folder, 'logs'), (name) => ({ MARK: `child ${name}` }));
  await marked.start(child('m', `console.log(process.env.MARK); ${READY} ${RUN}`));
  expect(readFileSync(marked.logFile('m'), 'utf8')).toBe('child m\n');
  await marked.stop(['m']);
});

test('a child that ends by itself is started again, too; its neighbours run on', async () => {
  const once = join(folder, 'once');
  writeFileSync(once, '');
  await supervisor.start(child('steady', `${READY} ${RUN}`));
  const steady = pidOf('steady');
  await supervisor.start(
    child(
      'a',
      `const fs = require('node:fs'); ${READY}
       if (fs.existsSync(${JSON.stringify(once)})) { fs.rmSync(${JSON.stringify(once)}); setTimeout(() => process.exit(7), 50); } else ${RUN}`,
    ),
  );
  await until(() => of('child.restarted').length === 1);
  expect(of('child.exited').map(({ name, how }) => [name, how])).toEqual([['a', 'exit code 7']]);
  expect(pidOf('steady')).toBe(steady);
});

test('a restart that fails is followed by another one', async () => {
  const broken = join(folder, 'broken');
  await supervisor.start(
    child('a', `if (require('node:fs').existsSync(${JSON.stringify(broken)})) process.exit(3); ${READY} ${RUN}`),
  );
  writeFileSync(broken, '');
  process.kill(pidOf('a')!, 'SIGKILL');
  await until(() => of('child.exited').length === 3);
  rmSync(broken);
  await until(() => of('child.restarted').length === 1);
  expect(of('child.exited').map(({ how }) => how)).toEqual([
    'killed by SIGKILL',
    expect.stringContaining('exit code 3'),
    expect.stringContaining('exit code 3'),
  ]);
});

test.each([
  ['ends', `console.error('port 1 is taken'); process.exit(1);`, {}, 'exit code 1', ['port 1 is taken']],
  [
    'is not ready in time',
    `for (let i = 0; i < 12; i++) console.log('line', i); ${RUN}`,
    { readyTimeoutMs: 3000 },
    'not ready after 3 s',
    Array.from({ length: 10 }, (_, i) => `line ${i + 2}`),
  ],
  ['is no program', '', { command: '/no/such/program' }, 'ENOENT', []],
])('a child that %s fails to start, with its last lines, and leaves nothing', async (_, script, over, how, details) => {
  await expect(supervisor.start(child('a', script, over))).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    message: `a did not start: ${how}`,
    hint: expect.stringContaining(supervisor.logFile('a')),
    details,
  });
  expect(supervisor.running).toEqual([]);
  expect([...seen.values()].filter(isAlive)).toEqual([]);
  await sleep(300);
  expect(events).toEqual([]);
});

test('words of an earlier run are not taken for those of a failed one', async () => {
  writeFileSync(supervisor.logFile('a'), 'an older trouble\n');
  const failed = supervisor.start(child('a', `console.error('a new trouble'); process.exit(1);`));
  await expect(failed).rejects.toMatchObject({ details: ['a new trouble'] });
  await expect(supervisor.start(child('a', 'process.exit(1);'))).rejects.toMatchObject({ details: [] });
});

test('a log of a gigabyte makes way when its child is started', async () => {
  writeFileSync(supervisor.logFile('a'), '');
  truncateSync(supervisor.logFile('a'), 2 ** 30);
  await supervisor.start(child('a', `console.log('new'); ${READY} ${RUN}`));
  expect(readFileSync(supervisor.logFile('a'), 'utf8')).toBe('new\n');
  expect(statSync(`${supervisor.logFile('a')}.1`).size).toBe(2 ** 30);
});

test('a usage error of one of our own commands is one of ours; of another program it is its failure', async () => {
  await expect(supervisor.start(child('a', 'process.exit(2);'))).rejects.toMatchObject({ fault: 'user', exitCode: 2 });
  const ready = () => new Promise<void>(() => {});
  const other = child('b', 'process.exit(2);', { ready });
  await expect(supervisor.start(other)).rejects.toMatchObject({ fault: 'system', exitCode: 1 });
});

test('stop ends a child that ignores SIGTERM after its grace time, all of them at the same time', async () => {
  const deaf = `process.on('SIGTERM', () => {}); ${READY} ${RUN}`;
  await Promise.all(['a', 'b', 'c'].map((name) => supervisor.start(child(name, deaf, { graceMs: 700 }))));
  const ids = supervisor.running;
  const began = Date.now();
  await supervisor.stop(['a', 'b', 'c']);
  expect(Date.now() - began).toBeGreaterThanOrEqual(700);
  expect(ids).toHaveLength(3);
  expect(ids.filter(isAlive)).toEqual([]);
});

test('stop during the pause before a restart, and during the restart itself, leaves nothing', async () => {
  await supervisor.start(child('pausing', `${READY} ${RUN}`));
  const slowly = join(folder, 'slowly');
  const wait = `require('node:fs').existsSync(${JSON.stringify(slowly)}) ? 60000 : 0`;
  await supervisor.start(child('starting', `setTimeout(() => { ${READY} }, ${wait}); ${RUN}`));
  const first = pidOf('starting');
  writeFileSync(slowly, '');
  for (const { pid } of supervisor.running) process.kill(pid, 'SIGKILL');
  await until(() => of('child.exited').some(({ name }) => name === 'pausing'));
  await supervisor.stop(['pausing']);
  await until(() => (pidOf('starting') ?? first) !== first);
  await supervisor.stop(['starting']);
  await sleep(500);
  expect(supervisor.running).toEqual([]);
  expect([...seen.values()].filter(isAlive)).toEqual([]);
  expect(of('child.restarted')).toEqual([]);
});

test('a second child of the same name can be started after the first was stopped', async () => {
  await supervisor.start(child('a', `${READY} ${RUN}`));
  const first = pidOf('a');
  await supervisor.stop(['a']);
  await supervisor.start(child('a', `${READY} ${RUN}`));
  expect(pidOf('a')).not.toBe(first);
  expect(events.map(({ type }) => type)).toEqual(['child.ready', 'child.ready']);
});

test('children run, restart and stop even if a listener fails, which is reported', async () => {
  supervisor.on('change', () => {
    throw new Error('no space left');
  });
  await supervisor.start(child('a', `${READY} ${RUN}`));
  const [id] = supervisor.running;
  process.kill(id!.pid, 'SIGKILL');
  await until(() => of('child.restarted').length === 1);
  expect(of('change.lost')).toContainEqual({ type: 'change.lost', reason: 'no space left' });
  await supervisor.stop(['a']);
  expect([...seen.values()].filter(isAlive)).toEqual([]);
});

test('an adopted process counts among those that run until it is given back', () => {
  const release = supervisor.adopt('mine', process.pid);
  expect(supervisor.running.map(({ name, pid }) => [name, pid])).toEqual([['mine', process.pid]]);
  seen.clear();
  release();
  expect(supervisor.running).toEqual([]);
});
