/** The key of the sensor tokens of single nodes, kept in the state folder, with older ones that still hold. */
import { join } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { writeFileAtomic } from '../lib/fs/durable-files.js';
import { keepToken, newToken, readToken } from '../lib/net/bearer-token.js';
import { formatSensorKeys, parseSensorKeys, type SensorKey } from '../protocol/sensor-token.js';

const fileOf = (stateDir: string) => join(stateDir, 'sensor-key');

/** The key ring as text; made when there is none. Throws `TOKEN_DAMAGED` and `TOKEN_WRITABLE`. */
export const keepSensorKeys = (stateDir: string): string =>
  formatSensorKeys(parsed(fileOf(stateDir), keepToken(fileOf(stateDir))));

/** The key ring as it is kept; undefined when there is none. Throws as {@link keepSensorKeys}. */
export function readSensorKeys(stateDir: string): SensorKey[] | undefined {
  const text = readToken(fileOf(stateDir));
  return text === undefined ? undefined : parsed(fileOf(stateDir), text);
}

/**
 * Makes a new key; tokens of the one before hold until `until`, those of older ones as long as they did. Both times are
 * Unix milliseconds. Throws as {@link keepSensorKeys}, and `NO_SUCH_FILE` where there is none.
 */
export function rotateSensorKey(stateDir: string, { now, until }: { now: number; until: number }): void {
  const [current, ...older] = readSensorKeys(stateDir) ?? [];
  if (!current) {
    throw new AppError('NO_SUCH_FILE', `there is no key to rotate: ${fileOf(stateDir)} does not exist`, {
      hint: 'Go to the folder where `up` runs, or name its state folder with --state-dir.',
    });
  }
  const kept = older.filter((one) => now < one.until!);
  const keys = [{ key: newToken() }, { key: current.key, until }, ...kept];
  writeFileAtomic(fileOf(stateDir), `${formatSensorKeys(keys)}\n`, 0o600);
}

function parsed(file: string, text: string): SensorKey[] {
  const keys = parseSensorKeys(text);
  if (keys) return keys;
  throw new AppError('TOKEN_DAMAGED', `${file} does not hold a key of sensor tokens`, {
    hint: 'Remove the file, and `up` makes a new one: all nodes then get new tokens.',
  });
}
