/** The order in which the supervisor starts, watches, restarts and ends children, and what it says of it. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ProcessId } from '../../../lib/process/process-id.js';
import type { ChildSpec, Supervisor as SupervisorType } from '../../../lib/process/supervisor.js';
import { normalize, toFailure } from '../normalize.js';

const recorded = (name: string) => `../recorded/documents/order/${name}.txt`;

let folder: string;
let supervisor: SupervisorType;
let Supervisor: typeof SupervisorType;
/** What the supervisor says, and what children say themselves, in one file: in the order in which it happens. */
let story: string;
const seen = new Map<number, ProcessId>();
/** What the supervisor does when this process ends. */
let atExit: NodeJS.ExitListener[];

const tell = (line: string) => appendFileSync(story, `${line}\n`);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'golden-supervisor-'));
  story = join(folder, 'story');
  writeFileSync(story, '');
  vi.resetModules();
  const before = process.listeners('exit');
  ({ Supervisor } = await import('../../../lib/process/supervisor.js'));
  atExit = process.listeners('exit').filter((listener) => !before.includes(listener));
  supervisor = new Supervisor(join(folder, 'logs'));
  supervisor.on('event', ({ type, ...event }) => tell(`${type} ${JSON.stringify(event)}`));
  supervisor.on('change', () => {
    for (const id of supervisor.running) seen.set(id.pid, id);
    tell(`running: ${supervisor.running.map(({ name }) => name).join(' ') || 'nobody'}`);
  });
});

afterEach(async () => {
  supervisor.removeAllListeners();
  await supervisor.stop(supervisor.running.map(({ name }) => name));
  const { isAlive } = await import('../../../lib/process/process-id.js');
  for (const id of seen.values()) if (isAlive(id)) process.kill(id.pid, 'SIGKILL');
  seen.clear();
  for (const listener of atExit) process.off('exit', listener);
  rmSync(folder, { recursive: true, force: true });
});

/** A child that tells what becomes of it. */
function child(name: string, over: Partial<ChildSpec> & { script?: string } = {}): ChildSpec {
  const { script = '', ...spec } = over;
  const source = `
    const { appendFileSync } = require('node:fs');
    const tell = (line) => appendFileSync(${JSON.stringify(story)}, '  ${name}: ' + line + '\\n');
    process.on('SIGTERM', () => { tell('got SIGTERM'); process.exit(0); });
    process.on('disconnect', () => {});
    console.log('first words');
    ${script}
    tell('ready');
    process.send?.({ ready: {} });
    setInterval(() => {}, 1000);`;
  return { name, command: process.execPath, args: ['-e', source], ready: 'ipc', ...spec };
}

const text = () => readFileSync(story, 'utf8');
const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 30_000, interval: 5 });
const pidOf = (name: string) => supervisor.running.find((id) => id.name === name)!.pid;

async function expectStory(name: string): Promise<void> {
  const shown = normalize(text(), [
    [folder, '<folder>'],
    [/(?<="pid":)\d+/, '<pid>'],
    [/(?<="afterMs":)\d+/, '<ms>'],
  ]);
  await expect(shown).toMatchFileSnapshot(recorded(name));
}

test('start, and stop', async () => {
  await supervisor.start(child('a'));
  await supervisor.start(child('b'));
  tell('-- stop a');
  await supervisor.stop(['a', 'nobody']);
  tell('-- stop b');
  await supervisor.stop(['b']);
  await expectStory('supervisor-start-stop');
});

test('a child that is killed twice, and stopped', async () => {
  await supervisor.start(child('a'));
  for (const round of [1, 2]) {
    tell(`-- kill it (${round})`);
    process.kill(pidOf('a'), 'SIGKILL');
    await until(() => text().split('child.restarted').length > round);
  }
  tell('-- stop it');
  await supervisor.stop(['a']);
  await expectStory('supervisor-restarts');
});

test('a child that ends while it is started, and one that is no program', async () => {
  for (const spec of [
    child('a', { script: `console.error('port 1 is taken'); process.exit(1);` }),
    child('usage', { script: 'process.exit(2);' }),
    child('none', { command: '/no/such/program' }),
    {
      ...child('slow', { ready: () => new Promise(() => {}), readyTimeoutMs: 100 }),
      args: ['-e', 'setInterval(() => {}, 1000)'],
    },
  ]) {
    tell(`-- start ${spec.name}`);
    await supervisor.start(spec).catch((error) => tell(JSON.stringify(toFailure(error))));
  }
  await expectStory('supervisor-failures');
});

test('a child that ignores SIGTERM', async () => {
  const deaf = `process.removeAllListeners('SIGTERM'); process.on('SIGTERM', () => tell('ignores SIGTERM'));`;
  await supervisor.start(child('a', { script: deaf, graceMs: 2000 }));
  const id = supervisor.running[0]!;
  const { isAlive } = await import('../../../lib/process/process-id.js');
  expect(isAlive(id)).toBe(true);
  tell('-- stop it');
  await supervisor.stop(['a']);
  expect(isAlive(id)).toBe(false);
  await expectStory('supervisor-deaf');
});

test('once it is closed nothing is started', async () => {
  await supervisor.start(child('a'));
  supervisor.close();
  tell('-- closed');
  await supervisor.start(child('b')).catch((error) => tell(String((error as Error).message)));
  await supervisor.stop(['a']);
  await expectStory('supervisor-closed');
});

test('when this process ends, its children are asked to end too', async () => {
  await supervisor.start(child('a'));
  const ready = async () => {
    await until(() => /b: ready/.test(text()));
  };
  await supervisor.start(child('b', { ready }));
  // They shall not be started again once they have ended.
  supervisor.removeAllListeners();
  expect(atExit).toHaveLength(1);
  for (const listener of atExit) listener.call(process, 0);
  await until(() => /a: got SIGTERM/.test(text()) && /b: got SIGTERM/.test(text()));
});
