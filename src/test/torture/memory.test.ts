import { expect, test } from 'vitest';
import { judgeMemory } from './memory.js';

/** Each four times in a row. */
const course = (...memory: number[]) =>
  memory.flatMap((megabytes) => Array(4).fill([{ name: 'puller', pid: 1, memory: megabytes }]));
const verdictOn = (...memory: number[]) => judgeMemory(course(...memory)).problems.map((text) => text.split(':')[0]);

test('a line that goes up and down is flat; its course is told', () => {
  const samples = course(90, 150, 100, 140, 90, 160, 100, 150, 120);
  expect(judgeMemory(samples)).toEqual({
    lines: ['memory of puller: 100 MB in the first third, 120 in the last, at most 160 (36 samples, 1 processes)'],
    problems: [],
  });
});

test('a line that rises is not flat', () => {
  expect(verdictOn(90, 100, 110, 140, 160, 180, 200, 220, 240)).toEqual(['not flat']);
});

test('a peak above the limit is a problem, also of a flat line', () => {
  expect(verdictOn(90, 100, 110, 600, 100, 110, 100, 90, 100)).toEqual(['above 512 MB']);
});

test('a few samples say nothing about a course', () => {
  expect(verdictOn(10, 200)).toEqual([]);
});

test('each program has its own line', () => {
  const samples = [[...course(1)[0]!, { name: 'queue', pid: 2, memory: 3 }]];
  expect(judgeMemory(samples).lines).toHaveLength(2);
});
