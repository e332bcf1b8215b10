/** Children that no longer answer, and those that only take their time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type TestContext, test, vi } from 'vitest';
import { ANSWERS, child, READY, RUN, Supervised } from '../../test/support/supervised.js';

const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 15_000, interval: 10 });

/** Blocks the event loop, and takes nothing from other tests. */
const block = (ms: number) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});`;

function supervise({ onTestFinished }: TestContext): Supervised {
  const supervised = new Supervised();
  onTestFinished(() => supervised.close());
  return supervised;
}

test('a child that is stopped by a signal hangs: it is killed, that is reported, and it is restarted', async (context) => {
  const supervised = supervise(context);
  const { supervisor, events } = supervised;
  await supervisor.start(child('a', `${ANSWERS} ${READY} ${RUN}`, { hungAfterMs: 2000 }));
  const first = supervised.pidOf('a')!;
  process.kill(first, 'SIGSTOP');
  await until(() => supervised.of('child.restarted').length === 1);
  expect(events.map(({ type }) => type)).toEqual(['child.ready', 'child.hung', 'child.exited', 'child.restarted']);
  expect(supervised.of('child.hung')).toEqual([{ type: 'child.hung', name: 'a', silentMs: 2000 }]);
  expect(supervised.pidOf('a')).not.toBe(first);
});

test('a child whose event loop is blocked for good is restarted; one that is busy for some seconds is not', async (context) => {
  const supervised = supervise(context);
  const { supervisor } = supervised;
  const later = (ms: number) => `setTimeout(() => { ${block(ms)} }, 100);`;
  await supervisor.start(child('blocked', `${ANSWERS} ${READY} ${later(60_000)} ${RUN}`, { hungAfterMs: 2000 }));
  await supervisor.start(child('busy', `${ANSWERS} ${READY} ${later(4000)} ${RUN}`));
  const busy = supervised.pidOf('busy');
  await until(() => supervised.of('child.restarted').some(({ name }) => name === 'blocked'));
  await sleep(3000);
  expect(supervised.of('child.hung').map(({ name }) => name)).not.toContain('busy');
  expect(supervised.pidOf('busy')).toBe(busy);
});

test('long work that a child announces is no hang, neither before nor after it is ready; without a word it is', async (context) => {
  const supervised = supervise(context);
  const { supervisor } = supervised;
  const work = (ms: number) => `process.send({ busyForMs: 60000 }); ${block(ms)} process.send({ busyForMs: 0 });`;
  const script = (then: string) => `${ANSWERS} ${work(6000)} ${READY} ${RUN} setTimeout(() => { ${then} }, 500);`;
  // A busy machine takes some seconds until a child says anything.
  const limits = { readyTimeoutMs: 5000, hungAfterMs: 2000 };
  await supervisor.start(child('announced', script(work(5500)), limits));
  expect(supervised.of('child.slow')).toEqual([{ type: 'child.slow', name: 'announced', afterMs: 5000 }]);
  await supervisor.start(child('silent', script(block(60_000)), limits));
  await until(() => supervised.of('child.hung').length > 0);
  expect(supervised.of('child.hung').map(({ name }) => name)).toEqual(['silent']);
  // It hangs again and again, and is not among the running ones between two of its runs.
  await supervisor.stop(['silent']);
});

test('another program is asked in its own way', async (context) => {
  const supervised = supervise(context);
  const { supervisor } = supervised;
  let answers = true;
  const ask = async (signal: AbortSignal) => {
    if (!answers) await sleep(60_000, undefined, { signal });
  };
  await supervisor.start(child('a', RUN, { ready: async () => {}, ask, hungAfterMs: 2000 }));
  await sleep(4500);
  expect(supervised.of('child.hung')).toEqual([]);
  answers = false;
  await until(() => supervised.of('child.hung').length === 1);
  answers = true;
  await until(() => supervised.of('child.restarted').length === 1);
});
