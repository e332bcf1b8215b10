/** The languages in which a sensor of one's own may be written: what `init` writes and `build wasm` compiles. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';

export const LANGUAGES = ['assemblyscript', 'go', 'c'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The file that tells the language of a folder. */
const MAIN_FILES: Record<Language, string> = { assemblyscript: 'index.ts', go: 'go.mod', c: 'main.c' };

/** The language of the sensor in a folder. Throws `SOURCES_MISSING`. */
export function languageOf(folder: string): Language {
  const language = LANGUAGES.find((one) => existsSync(join(folder, MAIN_FILES[one])));
  if (language) return language;
  throw new AppError('SOURCES_MISSING', `${folder} has none of ${Object.values(MAIN_FILES).join(', ')}`, {
    hint: '`wasm-sensors init my-sensor` writes a folder that builds.',
  });
}
