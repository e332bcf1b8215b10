/** Crashes and restarts, told from what the engine says of each container's newest run. */
import { expect, test } from 'vitest';
import { ContainerRuns } from './container-watch.js';

const run = (name: string, restarts: number, startedAt: string, state = 'running') => ({
  ...{ name, state, restarts, startedAt },
});
/** Names of those that crashed, and of those that were restarted. */
function compare(runs: ContainerRuns, ...containers: ReturnType<typeof run>[]) {
  const found = containers.map((container) => ({ ...runs.next(container), name: container.name }));
  const namesOf = (what: 'crashed' | 'restarted') => found.filter((one) => one[what]).map(({ name }) => name);
  return { crashed: namesOf('crashed'), restarted: namesOf('restarted') };
}

test('a crash is reported once, and so is the restart that follows it', () => {
  const runs = new ContainerRuns();
  const look = (...containers: ReturnType<typeof run>[]) => compare(runs, ...containers);
  expect(look(run('a', 0, 'T0'), run('b', 0, 'T0'))).toEqual({ crashed: [], restarted: [] });
  expect(look(run('a', 0, 'T0'), run('b', 1, 'T0', 'restarting'))).toEqual({ crashed: ['b'], restarted: [] });
  expect(look(run('a', 0, 'T0'), run('b', 1, 'T1'))).toEqual({ crashed: [], restarted: ['b'] });
  expect(look(run('a', 0, 'T0'), run('b', 1, 'T1'))).toEqual({ crashed: [], restarted: [] });
  expect(look(run('a', 2, 'T2'), run('b', 1, 'T1'))).toEqual({ crashed: ['a'], restarted: ['a'] });
});

test('what crashed before the first look counts; that it runs does not', () => {
  expect(compare(new ContainerRuns(), run('a', 3, 'T5'), run('b', 0, 'T1'))).toEqual({
    crashed: ['a'],
    restarted: [],
  });
});

test('a restart by hand is no crash, and Docker counts from 0 again', () => {
  const runs = new ContainerRuns();
  compare(runs, run('a', 2, 'T0'));
  expect(compare(runs, run('a', 0, 'T0', 'exited'))).toEqual({ crashed: [], restarted: [] });
  expect(compare(runs, run('a', 0, 'T1'))).toEqual({ crashed: [], restarted: ['a'] });
  expect(compare(runs, run('a', 1, 'T2'))).toEqual({ crashed: ['a'], restarted: ['a'] });
});
