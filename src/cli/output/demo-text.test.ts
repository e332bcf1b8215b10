import { Chalk } from 'chalk';
import { expect, test } from 'vitest';
import type { StepResult } from '../demo/demo-run.js';
import { commandLines, demoEndText, passed, stepResultText } from './demo-text.js';

const plain = new Chalk({ level: 0 });
const result = (over: Partial<StepResult>): StepResult => ({
  id: 'cut',
  title: 'Region eu is cut off',
  outcome: 'seen',
  evidence: [],
  seconds: 1.23,
  ...over,
});
const finding = (ok: boolean, text: string) => ({ ok, text, must: 'readings of eu' });

test('a long command goes on in the next line, as a shell takes it', () => {
  const words = ['deploy publisher', '--region us,as', "--color '#00ff88'", '--state-dir folder'];
  expect(commandLines(words.slice(0, 3), 'npx wasm-sensors')).toEqual([
    "npx wasm-sensors deploy publisher --region us,as --color '#00ff88'",
  ]);
  expect(commandLines(words, 'npx wasm-sensors')).toEqual([
    "npx wasm-sensors deploy publisher --region us,as --color '#00ff88' \\",
    '  --state-dir folder',
  ]);
});

test('what was seen, what was not, and why a step failed', () => {
  const evidence = [finding(true, 'eu is quiet'), finding(false, 'no alert')];
  expect(stepResultText(result({ evidence, outcome: 'unseen' }), plain)).toBe(
    '✓ eu is quiet\n✗ no alert; must be seen: readings of eu (took 1.2 s)',
  );
  expect(stepResultText(result({ outcome: 'failed', error: 'no link' }), plain)).toBe('✗ no link (took 1.2 s)');
});

test('a step that saw too little fails the demo, and is named', () => {
  const good = [result({})];
  const bad = [...good, result({ outcome: 'unseen', title: 'B' })];
  expect([passed(good), passed(bad), passed([result({ outcome: 'failed' })])]).toEqual([true, false, false]);
  expect(demoEndText(good, 9, 2, plain)).toContain('1 of 9 steps done, and everything was seen, in 2.0 s.');
  expect(demoEndText(bad, 9, 2, plain)).toContain('The demo ended at "B" (step 2 of 9)');
});
