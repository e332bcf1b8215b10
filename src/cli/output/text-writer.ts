/** Writes a long text piece by piece, no faster than its reader takes it. */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';

export interface TextWriter {
  /** Rejects when the signal of the writer is aborted. */
  write(text: string): Promise<void>;
  /** Completes what was written. */
  close(): Promise<void>;
  /** Removes what was written, where that is possible. */
  discard(): Promise<void>;
}

/** Where the pieces go. */
interface Target {
  write(text: string): Promise<unknown>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

const CHUNK = 65_536;

/** To stdout, or to a file that is there only once it is complete. Rejects with `FILE_NOT_WRITTEN`. */
export async function openWriter(file: string | undefined, signal: AbortSignal): Promise<TextWriter> {
  const target = file === undefined ? stdoutTarget(signal) : await fileTarget(file);
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    if (text !== '') await target.write(text);
  };
  return {
    async write(text) {
      signal.throwIfAborted();
      waiting += text;
      if (waiting.length >= CHUNK) await flush();
    },
    async close() {
      await flush();
      await target.close();
    },
    discard: () => target.discard(),
  };
}

const stdoutTarget = (signal: AbortSignal): Target => ({
  write: async (text) => process.stdout.write(text) || once(process.stdout, 'drain', { signal }),
  close: async () => {},
  discard: async () => {},
});

async function fileTarget(file: string): Promise<Target> {
  // A pipe or a device is written as it is.
  const isOther = existsSync(file) && !statSync(file).isFile();
  const partial = isOther ? file : `${file}.partial`;
  const failed = (cause: unknown) => {
    throw new AppError('FILE_NOT_WRITTEN', `can't write ${file}: ${messageOf(cause)}`, { cause });
  };
  const handle = await open(partial, 'w').catch(failed);
  return {
    write: (text) => handle.appendFile(text).catch(failed),
    async close() {
      await handle.close().catch(failed);
      if (!isOther) await rename(partial, file).catch(failed);
    },
    async discard() {
      await handle.close().catch(() => {});
      if (!isOther) await rm(partial, { force: true });
    },
  };
}
