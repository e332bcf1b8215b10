/** Writes a long text piece by piece, no faster than its reader takes it. */

import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';

export interface TextWriter {
  /** Rejects when the signal of the writer is aborted. */
  write(text: string): Promise<void>;
  /** Completes what was written. */
  close(): Promise<void>;
  /** Removes what was written, where that is possible. */
  discard(): void;
}

const CHUNK = 65_536;

/** To stdout, or to a file that is there only once it is complete. Rejects with `FILE_NOT_WRITTEN`. */
export function openWriter(file: string | undefined, signal: AbortSignal): TextWriter {
  // A pipe or a device is written as it is.
  const partial = file === undefined || (existsSync(file) && !statSync(file).isFile()) ? file : `${file}.partial`;
  const stream = partial === undefined ? process.stdout : createWriteStream(partial);
  let failed: unknown;
  if (file !== undefined) stream.on('error', (error) => (failed ??= error));
  const check = () => {
    if (failed !== undefined) throw new AppError('FILE_NOT_WRITTEN', `can't write ${file}: ${messageOf(failed)}`);
  };
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    if (text === '' || stream.write(text)) return check();
    await once(stream, 'drain', { signal }).catch((error: unknown) => {
      check();
      throw error;
    });
  };
  return {
    async write(text) {
      waiting += text;
      signal.throwIfAborted();
      if (waiting.length >= CHUNK) await flush();
    },
    async close() {
      await flush();
      if (partial === undefined) return;
      stream.end();
      await finished(stream).catch(check);
      check();
      if (partial !== file) renameSync(partial, file!);
    },
    discard() {
      if (partial === undefined) return;
      stream.destroy();
      if (partial !== file) rmSync(partial, { force: true });
    },
  };
}
