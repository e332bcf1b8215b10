import { expect, test } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import type { DemoStep, Scene, StepId } from './demo-step.js';
import { type Choice, type Coming, type Guide, runDemo, type StepResult } from './run-demo.js';

const scene = {} as Scene;
const NEVER = new Error('must not be asked');

/** Follows these choices; keeps what it was shown and what it could choose. */
function guided(choices: Choice[]) {
  const shown: string[] = [];
  const offered: (string | undefined)[] = [];
  const guide: Guide = {
    introduce: ({ number, of }: Coming) => shown.push(`${number}/${of}`),
    async choose(_, last) {
      offered.push(last?.id);
      const choice = choices.shift();
      if (!choice) throw NEVER;
      return choice;
    },
    progress: () => {},
    show: ({ id, outcome }: StepResult) => shown.push(`${id} ${outcome}`),
  };
  return { guide, shown, offered };
}

let done: StepId[] = [];

function step(id: StepId, over: Partial<DemoStep> = {}): DemoStep {
  return {
    ...{ id, title: `step ${id}`, about: () => '', command: () => ({ words: [] }), again: id },
    run: async () => void done.push(id),
    sights: [{ must: 'it', look: async () => ({ ok: true, text: 'seen' }) }],
    ...over,
  };
}

async function run(steps: DemoStep[], choices: Choice[]) {
  done = [];
  const { guide, ...rest } = guided(choices);
  const results = await runDemo(steps, scene, guide, 50);
  return { ...rest, outcomes: results.map(({ id, outcome }) => `${id} ${outcome}`), results };
}

test('steps run in order, and the end is asked for', async () => {
  const { outcomes, offered } = await run(
    [step('start', { again: undefined as never }), step('cut')],
    ['run', 'run', 'run'],
  );
  expect([done, outcomes]).toEqual([
    ['start', 'cut'],
    ['start seen', 'cut seen'],
  ]);
  expect(offered).toEqual([undefined, undefined, 'cut']);
});

test('a step that does not see what it must see goes on, with what was seen instead', async () => {
  const blind = {
    must: 'readings',
    look: async (_: Scene, signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { ok: false, text: 'nothing' };
    },
  };
  const { outcomes, results } = await run([step('start', { sights: [blind] }), step('cut')], ['run', 'run', 'run']);
  expect(outcomes).toEqual(['start unseen', 'cut seen']);
  expect(results[0]!.sights).toEqual([{ must: 'readings', ok: false, text: 'nothing' }]);
});

test('a step is skipped without what it needs: skipped by the user, failed, or skipped itself', async () => {
  const failing = step('cut', { run: () => Promise.reject(new AppError('LINK_TIMEOUT', 'no')) });
  const steps = [
    step('start'),
    failing,
    step('reconnect', { needs: ['cut'] }),
    step('version-2-eu', { needs: ['reconnect'] }),
  ];
  const { outcomes, results } = await run(steps, ['run', 'run', 'run']);
  expect(outcomes).toEqual(['start seen', 'cut failed', 'reconnect skipped', 'version-2-eu skipped']);
  expect(results[2]!.missing).toEqual(['step cut']);
  expect((await run(steps, ['run', 'skip', 'run'])).outcomes.slice(1)).toEqual([
    ...['cut skipped', 'reconnect skipped', 'version-2-eu skipped'],
  ]);
});

test('"again" goes back to where the step begins, and the last result counts', async () => {
  let looks = 0;
  const sight = { must: 'it', look: async () => ({ ok: ++looks > 1, text: '' }) };
  const steps = [step('start'), step('cut'), step('reconnect', { again: 'cut', sights: [sight] })];
  const { outcomes } = await run(steps, ['run', 'run', 'run', 'again', 'run', 'run']);
  expect(done).toEqual(['start', 'cut', 'reconnect', 'cut', 'reconnect']);
  expect(outcomes).toEqual(['start seen', 'cut seen', 'reconnect seen']);
});

test('"stop" ends it with what was done', async () => {
  expect((await run([step('start'), step('cut')], ['run', 'stop'])).outcomes).toEqual(['start seen']);
});

test('without the first step there is no other: its error ends the demo', async () => {
  const error = new AppError('PORT_IN_USE', 'busy');
  await expect(run([step('start', { run: () => Promise.reject(error) }), step('cut')], ['run'])).rejects.toBe(error);
});

test('what a step needs for its command is found out before it is shown', async () => {
  const order: string[] = [];
  const prepared = step('start', {
    prepare: async () => void order.push('prepare'),
    command: () => {
      order.push('command');
      return { words: [] };
    },
    run: async () => void order.push('run'),
  });
  await run([prepared], ['run', 'run']);
  expect(order).toEqual(['prepare', 'command', 'run']);
});
