import { beforeEach, expect, test, vi } from 'vitest';
import { identify, isAlive, signalAll, startTimeOf } from './process-id.js';

/** What Linux tells of processes, by pid. */
const stats = vi.hoisted(() => new Map<number, string>());
vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:fs')>()),
  readFileSync: (path: string) => {
    const stat = stats.get(Number(/^\/proc\/(\d+)\/stat$/.exec(path)?.[1]));
    if (stat === undefined) throw new Error('ENOENT');
    return stat;
  },
}));

beforeEach(() => stats.clear());

const stat = (name: string, state: string, started: number) =>
  `7 (${name}) ${state} ${Array.from({ length: 18 }, (_, i) => i).join(' ')} ${started} 99 98\n`;

test.runIf(process.platform === 'linux')('a process is known by its start, whatever its name is', () => {
  stats.set(1, stat('node', 'S', 1234));
  stats.set(2, stat('a) Z b (', 'R', 5678));
  expect([1, 2, 3].map(startTimeOf)).toEqual(['1234', '5678', undefined]);
  const id = identify('it', 1)!;
  expect([isAlive(id), isAlive({ ...id, started: '1235' })]).toEqual([true, false]);
});

test.runIf(process.platform === 'linux')(
  'one that has ended and only waits for its parent does not run any more',
  () => {
    stats.set(1, stat('node', 'S', 1234));
    const id = identify('it', 1)!;
    stats.set(1, stat('node', 'Z', 1234));
    expect([isAlive(id), identify('it', 1)]).toEqual([false, undefined]);
  },
);

test.runIf(process.platform === 'linux')('a signal goes to those that still run, not to who has their pid now', () => {
  const kill = vi.spyOn(process, 'kill').mockImplementation((pid) => {
    // It ended between the look and the signal.
    if (pid === 1) throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
    return true;
  });
  try {
    for (const pid of [1, 2, 3]) stats.set(pid, stat('node', 'S', 1000 + pid));
    const ids = [1, 2, 3, 4].map((pid) => ({ name: '', pid, started: String(1000 + pid) }));
    signalAll([ids[0]!, { ...ids[1]!, started: '1' }, ids[2]!, ids[3]!], 'SIGTERM');
    expect(kill.mock.calls).toEqual([
      [1, 'SIGTERM'],
      [3, 'SIGTERM'],
    ]);
  } finally {
    kill.mockRestore();
  }
});
