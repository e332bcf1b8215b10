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
  await sandbox.up('embedded', ['--deploy', '--interval', '0.3']);
  return { sandbox, processes: processesOf(sandbox) };
}

const processesOf = (sandbox: Sandbox): ProcessId[] => [sandbox.state().up, ...sandbox.state().children];
const runFile = ({ stateDir }: Sandbox) => join(stateDir, 'run.json');
const noneOf = (ids: ProcessId[]) => () => !ids.some(isAlive);

test('services that hang are killed and restarted, and readings arrive again; after kill -9 of `up` all end within 3 s', {
  timeout: 120_000,
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

  // The proxy has requests under way: it waits for the queue, which hangs, and for nothing else.
  const [up, ...children] = processesOf(sandbox);
  process.kill(sandbox.pidOf('queue'), 'SIGSTOP');
  const others = children.filter(({ name }) => name !== 'queue');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  process.kill(up!.pid, 'SIGKILL');
  await eventually('the end of all', noneOf(others), 3000);
});

test.runIf(process.platform === 'linux')(
  '`down` without run.json: an `up`, and hung children of a killed one, each of its own folder; another `up` refuses',
  { timeout: 120_000 },
  async (context) => {
    const { sandbox: other, processes: others } = await start(context);
    const { sandbox, processes } = await start(context);
    const [up, ...children] = processes;
    for (const { pid } of children) process.kill(pid, 'SIGSTOP');
    process.kill(up!.pid, 'SIGKILL');
    rmSync(runFile(sandbox));
    const { code, stdout } = await sandbox.run(['down']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^stopped: .*proxy/)]);
    expect(children.filter(isAlive)).toEqual([]);
    expect(others.every(isAlive)).toBe(true);

    rmSync(runFile(other));
    const second = await other.run(['up', '-d']);
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining(`another \`up\` runs in this folder (pid ${others[0]!.pid})`),
    ]);
    expect(others.every(isAlive)).toBe(true);
    expect((await other.run(['down'])).stdout).toContain(`stopped: up (pid ${others[0]!.pid})`);
    expect(others.filter(isAlive)).toEqual([]);
  },
);
