/** Writes the folder of a new sensor from `templates/sensors/`. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { packageRoot } from '../lib/process/self-command.js';

/** What `init` writes and `build wasm` compiles. */
export const LANGUAGES = ['assemblyscript', 'go', 'c'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What the sensor is called in the templates, which build as they are. */
const NAME = 'my-sensor';

/**
 * Writes a folder that builds; the sensor has its name. Resolves also with the files below it. Rejects with `BAD_OPTION` (a name that no module can have)
 * or `FOLDER_NOT_EMPTY`.
 */
export async function initSensor(folder: string, language: Language) {
  const name = basename(resolve(folder));
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    throw new AppError('BAD_OPTION', `${JSON.stringify(name)} can't be the name of a sensor`, {
      hint: 'Use lower-case letters, digits and dashes, at most 40, with a letter first: `wasm-sensors init my-sensor`.',
    });
  }
  if (existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new AppError('FOLDER_NOT_EMPTY', `${folder} exists and is not empty`, {
      hint: 'Choose another name, or remove it first.',
    });
  }
  const template = join(packageRoot, 'templates/sensors', language);
  const files: string[] = [];
  for (const path of await readdir(template, { recursive: true })) {
    if ((await stat(join(template, path))).isDirectory()) continue;
    // npm leaves a `.gitignore` out of packages.
    const file = path.replace(/^gitignore$/, '.gitignore');
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), (await readFile(join(template, path), 'utf8')).replaceAll(NAME, name));
    files.push(file);
  }
  return { name, language, folder, files: files.sort() };
}
