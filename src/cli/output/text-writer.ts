/** Writes a long text piece by piece, no faster than its reader takes it. */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';

const CHUNK = 65_536;

/** To stdout, or to a file that is there only once it is complete. Every call rejects with `FILE_NOT_WRITTEN`. */
export async function openWriter(file: string | undefined, signal: AbortSignal) {
  // A pipe or a device is written as it is.
  const partial = file !== undefined && existsSync(file) && !statSync(file).isFile() ? file : `${file}.partial`;
  const done = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw new AppError('FILE_NOT_WRITTEN', `can't write ${file}: ${messageOf(cause)}`, { cause });
    }
  };
  const handle = file === undefined ? undefined : await done(open(partial, 'w'));
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    if (handle) await done(handle.appendFile(text));
    else if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain', { signal });
  };
  return {
    /** Rejects when the signal is aborted. */
    async write(text: string): Promise<void> {
      signal.throwIfAborted();
      waiting += text;
      if (waiting.length >= CHUNK) await flush();
    },
    /** Completes what was written. */
    async close(): Promise<void> {
      await flush();
      if (!handle || file === undefined) return;
      await done(handle.close());
      if (partial !== file) await done(rename(partial, file));
    },
    /** Removes what was written, where that is possible. */
    async discard(): Promise<void> {
      await handle?.close().catch(() => {});
      if (handle && partial !== file) await rm(partial, { force: true });
    },
  };
}
