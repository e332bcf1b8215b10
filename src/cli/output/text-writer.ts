/** Writes a long text piece by piece, no faster than its reader takes it. */
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';

const PIECE = 65_536;

/**
 * To stdout, or to a file that is there only once it is complete. Rejects with `FILE_NOT_WRITTEN`, with what `lines` throws,
 * and when the signal is aborted.
 */
export async function writeLines(lines: AsyncIterable<string>, file: string | undefined, signal: AbortSignal) {
  const pieces = piecesOf(lines, signal);
  if (file === undefined) {
    for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, 'drain', { signal });
    return;
  }
  // A pipe or a device is written as it is.
  const partial = existsSync(file) && !statSync(file).isFile() ? file : `${file}.partial`;
  const done = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause) => {
      throw new AppError('FILE_NOT_WRITTEN', `can't write ${file}: ${messageOf(cause)}`, { cause });
    });
  const handle = await done(open(partial, 'w'));
  try {
    for await (const piece of pieces) await done(handle.appendFile(piece));
    await done(handle.close());
    if (partial !== file) await done(rename(partial, file));
  } catch (error) {
    await handle.close().catch(() => {});
    if (partial !== file) await rm(partial, { force: true });
    throw error;
  }
}

async function* piecesOf(lines: AsyncIterable<string>, signal: AbortSignal): AsyncGenerator<string> {
  let piece = '';
  for await (const line of lines) {
    signal.throwIfAborted();
    piece += line;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  signal.throwIfAborted();
  if (piece !== '') yield piece;
}
