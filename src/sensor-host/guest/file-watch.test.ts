import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestClock } from '../../test/support/sensor-clock.js';
import { FileWatch } from './file-watch.js';

let dir: string;
let clock: TestClock;
let watch: FileWatch;
let told: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'file-watch-'));
  clock = new TestClock();
  watch = new FileWatch(clock);
  told = [];
});
afterEach(() => {
  watch.close();
  rmSync(dir, { recursive: true });
});

const follower = (name: string) => ({ fileChanged: () => void told.push(name) });
const mount = (name: string) => ({ target: `/${name}`, source: join(dir, name) });

test('those who have a file are told when it comes, changes or goes, and nobody else is', async () => {
  const gone = follower('gone');
  for (const name of ['a', 'b']) expect(watch.add(follower(name), [mount(name)])).toBe(true);
  expect(watch.add(gone, [mount('a'), mount('b')])).toBe(true);
  watch.remove(gone);
  await clock.pass(1_000);
  writeFileSync(join(dir, 'a'), '1');
  await clock.pass(200);
  writeFileSync(join(dir, 'a'), '22');
  await clock.pass(200);
  unlinkSync(join(dir, 'a'));
  await clock.pass(1_000);
  expect(told).toEqual(['a', 'a', 'a']);
});

test('thousands are told one after the other', async () => {
  for (let i = 0; i < 2_000; i++) watch.add(follower('x'), [mount('a')]);
  writeFileSync(join(dir, 'a'), '1');
  await clock.pass(250);
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(2_000);
  await clock.pass(250);
  expect(told).toHaveLength(2_000);
});

test('nobody is told of what is in a folder, nor of one file more than a hundred', () => {
  mkdirSync(join(dir, 'folder'));
  expect(watch.add(follower('f'), [mount('a'), mount('folder')])).toBe(false);
  for (let i = 0; i < 100; i++) expect(watch.add(follower('x'), [mount(`x${i}`)])).toBe(true);
  expect(watch.add(follower('y'), [mount('y')])).toBe(false);
});

test('a watch that is closed looks no more, and one whose last guest has gone begins again with the next', async () => {
  const first = follower('first');
  watch.add(first, [mount('a')]);
  watch.remove(first);
  await clock.pass(1_000);
  watch.add(follower('second'), [mount('a')]);
  writeFileSync(join(dir, 'a'), '1');
  await clock.pass(1_000);
  expect(told).toEqual(['second']);
  watch.close();
  writeFileSync(join(dir, 'a'), '22');
  await clock.pass(1_000);
  expect(told).toEqual(['second']);
});
