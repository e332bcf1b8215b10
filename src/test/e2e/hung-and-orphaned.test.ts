/** What happens to the processes of `up` when one hangs, when `up` is killed, and when `run.json` is gone. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { isAlive, type ProcessId } from '../../lib/process/process-id.js';
import { eventually, Sandbox } from '../support/cli-harness.js';

/** A new `up`, and all its processes, itself first. */
async function start({ onTestFinished }: TestContext): Promise<{ sandbox: Sandbox; processes: ProcessId[] }> {
  const sandbox = new Sandbox();
  onTestFinished(() => sandbox.close());
  const args = ['up', '-d', '--deploy', '--interval', '0.3'];
  const { code, stderr } = await sandbox.run([...args, ...(await Sandbox.portFlags())]);
  expect(stderr + code).toMatch(/0$/);
  const { up, children } = sandbox.state();
  return { sandbox, processes: [up, ...children] };
}

const runFile = ({ stateDir }: Sandbox) => join(stateDir, 'run.json');
const noneOf = (ids: ProcessId[]) => () => !ids.some(isAlive);

test('after kill -9 of `up` its children end within 3 s, also the proxy with requests under way', async (context) => {
  const { sandbox, processes } = await start(context);
  const [up, ...children] = processes;
  // It waits for the queue, which hangs, and for nothing else.
  process.kill(sandbox.pidOf('queue'), 'SIGSTOP');
  const others = children.filter(({ name }) => name !== 'queue');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  process.kill(up!.pid, 'SIGKILL');
  await eventually('the end of all', noneOf(others), 3000);
});

// The others wait more than they compute.
test('services that hang are killed and restarted within 15 s, and readings arrive again', {
  timeout: 60_000,
}, async (context) => {
  const { sandbox } = await start(context);
  const services = ['proxy', 'puller', 'queue', 'sensors'].map((name) => ({ name, pid: sandbox.pidOf(name) }));
  for (const { pid } of services) process.kill(pid, 'SIGSTOP');
  for (const { name, pid } of services) {
    await eventually(`a new ${name}`, () => sandbox.pidOf(name) !== pid, 15_000);
  }
  const before = await eventually('the puller', () => sandbox.fleet().summary());
  await eventually('new readings', async () => {
    const { total } = await sandbox.fleet().summary();
    return total.live === 3 && total.received > before.total.received;
  });
});

test.runIf(process.platform === 'linux')(
  '`down` stops an `up` whose run.json is gone; another `up` refuses',
  async (context) => {
    const { sandbox, processes } = await start(context);
    rmSync(runFile(sandbox));
    const second = await sandbox.run(['up', '-d']);
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining(`another \`up\` runs in this folder (pid ${processes[0]!.pid})`),
    ]);
    expect(processes.every(isAlive)).toBe(true);
    expect((await sandbox.run(['down'])).stdout).toContain(`stopped: up (pid ${processes[0]!.pid})`);
    expect(processes.filter(isAlive)).toEqual([]);
  },
);

test.runIf(process.platform === 'linux')(
  '`down` ends hung children of a killed `up` whose run.json is gone, and those of no other folder',
  async (context) => {
    const { processes: others } = await start(context);
    const { sandbox, processes } = await start(context);
    const [up, ...children] = processes;
    for (const { pid } of children) process.kill(pid, 'SIGSTOP');
    process.kill(up!.pid, 'SIGKILL');
    rmSync(runFile(sandbox));
    const { code, stdout } = await sandbox.run(['down']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^stopped: .*proxy/)]);
    expect(children.filter(isAlive)).toEqual([]);
    expect(others.every(isAlive)).toBe(true);
  },
);
