import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildSensor, languageOf } from './build-sensor.js';
import { initSensor, LANGUAGES } from './init-sensor.js';

const root = mkdtempSync(join(tmpdir(), 'init-sensor-'));
afterAll(() => rmSync(root, { recursive: true }));

test.for(LANGUAGES)(
  'the folder of a sensor in %s has its name, no other name, and nothing of this machine',
  async (language) => {
    const folder = join(root, language, 'thermo-2');
    const { files, ...sensor } = await initSensor(folder, language);
    expect(sensor).toEqual({ name: 'thermo-2', language, folder });
    expect(languageOf(folder)).toBe(language);
    expect(files).toEqual(expect.arrayContaining(['.gitignore', 'README.md']));
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => !found.includes(file))).toEqual([]);
    const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'));
    expect(texts.join('')).toContain('thermo-2');
    expect(texts.filter((text) => text.includes('my-sensor') || text.includes(process.cwd()))).toEqual([]);
  },
);

test('what is in a folder already stays as it is; an empty folder is used', async () => {
  const folder = join(root, 'mine');
  mkdirSync(folder);
  await initSensor(folder, 'c');
  const before = readFileSync(join(folder, 'main.c'), 'utf8');
  await expect(initSensor(folder, 'go')).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY', fault: 'user' });
  expect(readFileSync(join(folder, 'main.c'), 'utf8')).toBe(before);
  expect(existsSync(join(folder, 'go.mod'))).toBe(false);
});

test.for(['My-Sensor', '2nd', 'a_b', 'ä', 'x'.repeat(41)])('%s is refused as a name', async (name) => {
  await expect(initSensor(join(root, 'names', name), 'c')).rejects.toMatchObject({
    code: 'BAD_OPTION',
    hint: expect.stringContaining('lower-case'),
  });
});

test('a folder without a sensor says what it would need', async () => {
  await expect(buildSensor({ folder: root, outDir: root })).rejects.toMatchObject({
    code: 'SOURCES_MISSING',
    message: `${root} has none of index.ts, go.mod, main.c`,
    hint: expect.stringContaining('init'),
  });
});

test.for([
  ['go', 'go.mod', 'https://go.dev'],
  ['clang', 'main.c', 'apt-get install clang'],
] as const)('without %s, building %s says how to get it', async ([program, file, hint]) => {
  const folder = join(root, `without-${program}`);
  mkdirSync(folder);
  writeFileSync(join(folder, file), '');
  const { PATH } = process.env;
  process.env.PATH = folder;
  try {
    await expect(buildSensor({ folder, outDir: root })).rejects.toMatchObject({
      code: 'COMPILER_MISSING',
      message: `there is no ${program} on this machine`,
      hint: expect.stringContaining(hint),
    });
  } finally {
    process.env.PATH = PATH;
  }
  expect(readdirSync(root).filter((name) => name.startsWith('.build-'))).toEqual([]);
});
