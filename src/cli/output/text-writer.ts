/** Writes a long text piece by piece, no faster than its reader takes it. */
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AppError, messageOf } from '../../lib/errors/app-error.js';

const PIECE = 65_536;

/**
 * To stdout, or to a file that is there only once it is complete. Rejects with `FILE_NOT_WRITTEN`, with what `lines` throws,
 * and when the signal is aborted.
 */
export async function writeLines(lines: AsyncIterable<string>, file: string | undefined, signal: AbortSignal) {
  const pieces = piecesOf(lines, signal);
  if (file === undefined) return pipeline(pieces, process.stdout, { signal, end: false });
  // A pipe or a device is written as it is.
  const partial = existsSync(file) && !statSync(file).isFile() ? file : `${file}.partial`;
  try {
    await pipeline(pieces, createWriteStream(partial), { signal });
    if (partial !== file) await rename(partial, file);
  } catch (cause) {
    if (partial !== file) await rm(partial, { force: true });
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new AppError('FILE_NOT_WRITTEN', `can't write ${file}: ${messageOf(cause)}`, { cause });
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
  if (piece !== '') yield piece;
}
