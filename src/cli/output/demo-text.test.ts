import { Chalk } from 'chalk';
import { expect, test } from 'vitest';
import type { StepResult } from '../demo/run-demo.js';
import { commandLines, demoEndText, demoWidth, passed, stepResultText, wrapped } from './demo-text.js';

const plain = new Chalk({ level: 0 });
const result = (over: Partial<StepResult>): StepResult => ({
  ...{ id: 'cut', title: 'Region eu is cut off', outcome: 'seen', sights: [], seconds: 1.23, ...over },
});
const sight = (ok: boolean, text: string) => ({ ok, text, must: 'readings of eu' });

test('lines are broken between words', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapped('unbreakable', 4)).toEqual(['unbreakable']);
});

test('a long command goes on in the next line, as a shell takes it', () => {
  const words = ['deploy publisher', '--region us,as', "--color '#00ff88'"];
  expect(commandLines({ program: 'npx wasm-sensors', words }, 80)).toEqual([
    "npx wasm-sensors deploy publisher --region us,as --color '#00ff88'",
  ]);
  expect(commandLines({ program: 'npx wasm-sensors', words }, 40)).toEqual([
    'npx wasm-sensors deploy publisher \\',
    "  --region us,as --color '#00ff88'",
  ]);
  expect(commandLines({ program: 'curl', words: ["-d '{1,\n2}'"] }, 40)).toEqual(["curl -d '{1,", "  2}'"]);
});

test('what was seen, what was not, and why nothing was done', () => {
  const sights = [sight(true, 'eu is quiet'), sight(false, 'no alert')];
  expect(stepResultText(result({ sights, outcome: 'unseen' }), plain, 80)).toBe(
    '✓ eu is quiet\n✗ no alert; must be seen: readings of eu (took 1.2 s)',
  );
  expect(stepResultText(result({ outcome: 'failed', error: new Error('no link') }), plain, 80)).toBe(
    '✗ no link (took 1.2 s)',
  );
  expect(stepResultText(result({ outcome: 'skipped' }), plain, 80)).toBe('skipped');
  expect(stepResultText(result({ outcome: 'skipped', missing: ['A'] }), plain, 80)).toBe(
    '"Region eu is cut off" is skipped: it needs "A"',
  );
});

test('a skipped step does not fail the demo; others that saw too little do, and are named', () => {
  const good = [result({}), result({ outcome: 'skipped' })];
  const bad = [...good, result({ outcome: 'unseen', title: 'B' })];
  expect([passed(good), passed(bad), passed([result({ outcome: 'failed' })])]).toEqual([true, false, false]);
  expect(demoEndText({ results: good, steps: 9, seconds: 2 }, plain, 80)).toContain(
    '1 of 9 steps done, and everything was seen, in 2.0 s.',
  );
  expect(demoEndText({ results: bad, steps: 9, seconds: 2 }, plain, 80)).toContain('Not everything was seen: B.');
});

test('a narrow terminal has its own width; a wide one is not filled', () => {
  expect([demoWidth(40), demoWidth(undefined), demoWidth(300)]).toEqual([40, 80, 90]);
});
