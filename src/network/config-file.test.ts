import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { regionConfigFile } from './config-file.js';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'region-file-')), 'config');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

test('a region’s file is made once, with its explanation, and what the operator wrote stays', () => {
  const { here, onNode } = regionConfigFile(folder, 'eu', '/on/node');
  expect([here, onNode]).toEqual([join(folder, 'eu.yaml'), '/on/node/eu.yaml']);
  expect(readFileSync(here, 'utf8')).toMatch(/^# Configuration of the sensors in eu; /);
  writeFileSync(here, 'color: "#123456"\n');
  expect(regionConfigFile(folder, 'eu').onNode).toBe(here);
  expect(readFileSync(here, 'utf8')).toBe('color: "#123456"\n');
});

test.each([
  ['eu west/1', 'eu%20west%2F1.yaml'],
  ['..', '...yaml'],
])('a region that is called %j has no file outside of the folder', (region, name) => {
  regionConfigFile(folder, region);
  expect(readdirSync(folder)).toEqual([name]);
});
