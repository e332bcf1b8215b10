import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readUserModule } from '../../modules/user-module.js';
import { tinyModule } from '../../test/support/tiny-module.js';
import { formerOptions, noteSubmitted, noteWorking, type PublisherOptions, readVersions } from './versions.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'versions-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const colored = (color: string): PublisherOptions => ({
  config: { color, emoji: -1, interval: 0.5 },
  profile: 'weather',
});

function deploy(options: PublisherOptions, regions = ['us', 'eu'], works = true): void {
  noteSubmitted(stateDir, new Map(regions.map((region) => [region, { options, module: undefined }])), 7);
  if (works) noteWorking(stateDir, regions);
}
const former = (regions = ['us', 'eu'], named = false) =>
  [...formerOptions(stateDir, regions, named)].map(([region, { config }]) => [region, config.color]);

test('the version before is kept for each region, with all of its options; undoing twice is where it began', () => {
  expect(() => former()).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO', exitCode: 2 }));
  deploy(colored('#000001'));
  deploy(colored('#000002'), ['eu']);
  expect(former()).toEqual([['eu', '#000001']]);
  expect(formerOptions(stateDir, ['eu'], true).get('eu')).toMatchObject(colored('#000001'));
  expect(() => former(['us', 'eu'], true)).toThrow('no version before the current one is known in us');
  deploy(colored('#000001'), ['eu']);
  expect(former()).toEqual([['eu', '#000002']]);
});

test('the same once more is no other version, and one that never reported is none to go back to', () => {
  for (const color of ['#000001', '#000002', '#000002']) deploy(colored(color), ['eu']);
  expect(former()).toEqual([['eu', '#000001']]);
  for (const color of ['#000003', '#000004']) deploy(colored(color), ['eu'], false);
  expect(former()).toEqual([['eu', '#000002']]);
});

test('a module is kept with its content, whatever becomes of its file', async () => {
  const file = join(stateDir, 'mine.wasm');
  writeFileSync(file, tinyModule());
  const module = await readUserModule(file);
  noteSubmitted(stateDir, new Map([['eu', { options: { config: {}, module: file }, module }]]), 7);
  noteWorking(stateDir, ['eu']);
  deploy(colored('#000001'), ['eu']);
  rmSync(file);
  const { module: kept = '' } = formerOptions(stateDir, ['eu'], true).get('eu') ?? {};
  expect((await readUserModule(kept)).sha256).toBe(module.sha256);
  expect(readVersions(stateDir).eu?.previous?.module?.file).toBe('mine.wasm');
  // Brought back, it has its name.
  noteSubmitted(stateDir, new Map([['eu', { options: { config: {}, module: kept }, module }]]), 8);
  expect(readVersions(stateDir).eu?.current.module?.file).toBe('mine.wasm');
  noteWorking(stateDir, ['eu']);
  deploy(colored('#000001'), ['eu']);
  writeFileSync(kept, tinyModule().reverse());
  expect(() => former()).toThrow(/is damaged/);
  rmSync(kept);
  expect(() => former()).toThrow(expect.objectContaining({ code: 'MODULE_UNREADABLE' }));
});

test('a damaged file is as none', () => {
  writeFileSync(join(stateDir, 'publishers.json'), '{"eu":{"current":1}}');
  expect(readVersions(stateDir)).toEqual({});
  deploy(colored('#000001'));
  expect(Object.keys(readVersions(stateDir))).toEqual(['us', 'eu']);
});
