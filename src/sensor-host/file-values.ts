/** What a sensor's YAML file sets, with the meaning that it has for sensors. */
import { readFileSync } from 'node:fs';
import { type AppError, usageError } from '../lib/errors/app-error.js';
import { findField, type SensorConfig, sensorConfigSchema } from '../protocol/sensor-config.js';
import { problemOfFile } from './try-file.js';

/** Rejects with `BAD_FILE` and their reason when sensors would not use the file. */
export async function valuesOfFile(file: string, publisher?: string): Promise<SensorConfig> {
  const problem = await problemOfFile(file, publisher);
  if (problem !== undefined) throw badFile(file, problem);
  const parsed = sensorConfigSchema.safeParse(wordsOf(readFileSync(file, 'utf8')));
  if (!parsed.success) throw badFile(file, 'it changed while it was read');
  return parsed.data;
}

/** `key: value`, with or without quotes: all that there is in a text that sensors use, besides comments and markers. */
const LINE = /^["']?([\w-]+)["']?\s*:\s+["']?([#\w.-]+)/;

/** The values as they are written, of a text that sensors use (wasm/lib/yaml.ts). */
function wordsOf(text: string): Record<string, string> {
  const words: Record<string, string> = {};
  for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
    if (line.startsWith('...')) break;
    const [, name = '', value = ''] = LINE.exec(line) ?? [];
    const field = findField(name);
    if (field) words[field] = value;
  }
  return words;
}

const badFile = (file: string, problem: string): AppError =>
  usageError(
    'BAD_FILE',
    `sensors do not use ${file}: ${problem}`,
    'They keep the last good values until the file is mended.',
  );
