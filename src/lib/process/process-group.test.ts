import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { killGroup, tieGroup } from './process-group.js';

// No process is started or killed here: signals are only noted.
let killed: [number, string | number | undefined][];
const atExit = vi.hoisted(() => new Set<() => void>());
vi.mock('signal-exit', () => ({
  onExit(listener: () => void) {
    atExit.add(listener);
    return () => atExit.delete(listener);
  },
}));

beforeEach(() => {
  killed = [];
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    killed.push([pid, signal]);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test('the whole group is killed; one that has exited is no failure', () => {
  killGroup(41);
  expect(killed).toEqual([[-41, 'SIGKILL']]);
  vi.mocked(process.kill).mockImplementation(() => {
    throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
  });
  killGroup(41);
});

test('groups that are still tied at the exit are killed', () => {
  const [, untie] = [tieGroup(41), tieGroup(42), tieGroup(43)];
  untie!();
  for (const listener of atExit) listener();
  expect(killed).toEqual([
    [-41, 'SIGKILL'],
    [-43, 'SIGKILL'],
  ]);
});
