/** The log of `up` itself: what happens to its processes and its network. */
import { mkdirSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Settings } from '../../../config/settings.js';
import { createLogger, type Logger } from '../../../lib/log/logger.js';
import { openLog } from '../../../lib/process/log-file.js';

export const upLogFile = (stateDir: string): string => join(resolve(stateDir), 'logs', 'up.log');

/** `background`: standard error is that file already (`up-detached.ts`). */
export function openUpLog(
  { stateDir, logLevel: level, logFormat: format }: Pick<Settings, 'stateDir' | 'logLevel' | 'logFormat'>,
  background: boolean,
): Logger {
  if (background) return createLogger({ level, format });
  const file = upLogFile(stateDir);
  let fd: number | undefined;
  return createLogger({
    level,
    format,
    write(line) {
      try {
        if (fd === undefined) {
          mkdirSync(dirname(file), { recursive: true });
          fd = openLog(file).fd;
        }
        writeSync(fd, line);
      } catch {
        // A full disk must not stop what runs; the terminal shows the same.
      }
    },
  });
}
