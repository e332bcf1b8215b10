import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { killGroup, tieGroup } from './process-group.js';

// No process is started or killed here: signals are only noted.
const EVENTS = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let killed: [number, string | number | undefined][];
let untie: (() => void)[];

beforeEach(() => {
  killed = [];
  untie = [];
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    killed.push([pid, signal]);
    return true;
  });
});
afterEach(() => {
  for (const one of untie) one();
  vi.restoreAllMocks();
});

const tie = (leader: number) => untie.push(tieGroup(leader)) - 1;
const counts = () => EVENTS.map((event) => process.listenerCount(event));
/** The listener that was added last, called as the event does. */
const call = (event: string, arg: unknown) => process.listeners(event as 'exit').at(-1)!(arg as number);

test('the whole group is killed; one that has exited is no failure', () => {
  killGroup(41);
  expect(killed).toEqual([[-41, 'SIGKILL']]);
  vi.mocked(process.kill).mockImplementation(() => {
    throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
  });
  killGroup(41);
});

test('this process listens as long as a group is tied, once for all of them', () => {
  const before = counts();
  tie(41);
  tie(42);
  expect(counts()).toEqual(before.map((count) => count + 1));
  untie[0]!();
  expect(counts()).toEqual(before.map((count) => count + 1));
  untie[1]!();
  expect(counts()).toEqual(before);
});

test('groups that are still tied at the exit are killed', () => {
  tie(41);
  tie(42);
  tie(43);
  untie[1]!();
  call('exit', 0);
  expect(killed).toEqual([
    [-41, 'SIGKILL'],
    [-43, 'SIGKILL'],
  ]);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s kills the groups and then this process', (signal) => {
  const others = process.listeners(signal);
  process.removeAllListeners(signal);
  try {
    tie(41);
    call(signal, signal);
    expect(killed).toEqual([
      [-41, 'SIGKILL'],
      [process.pid, signal],
    ]);
    // The second signal must find no listener, or it would be caught again.
    expect(process.listenerCount(signal)).toBe(0);
  } finally {
    for (const other of others) process.on(signal, other);
  }
});

test('another listener of the signal decides when this process exits', () => {
  const other = () => {};
  process.on('SIGINT', other);
  try {
    tie(41);
    call('SIGINT', 'SIGINT');
    expect(killed).toEqual([]);
  } finally {
    process.off('SIGINT', other);
  }
});
