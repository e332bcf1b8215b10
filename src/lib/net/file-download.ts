/** Sends files a piece at a time, however large they are and however slowly their readers take them. */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import { AppError } from '../errors/app-error.js';
import { cutOff } from './client-gone.js';

/** Each holds some pieces of its file, of 64 KiB, and what the connection buffers. */
const MAX_DOWNLOADS = 64;
/** A slower client is cut off after {@link GRACE_MS} and the time that its file takes at this speed (32 KiB/s). */
const LEAST_BYTES_PER_MS = 32;
const GRACE_MS = 30_000;

let running = 0;

/** The answer with a file as it is now, also when it is replaced meanwhile. Rejects with `OVERLOADED`. */
export async function fileAnswer(c: Context, path: string, type: string): Promise<Response> {
  if (running >= MAX_DOWNLOADS) throw new AppError('OVERLOADED', `${MAX_DOWNLOADS} other downloads are under way`);
  const file = await open(path);
  const { size } = await file.stat();
  const headers = { 'content-type': type, 'content-length': String(size) };
  if (c.req.method === 'HEAD') {
    await file.close();
    return c.body(null, 200, headers);
  }
  running++;
  const stream = file.createReadStream();
  const cut = () => {
    cutOff(c);
    stream.destroy();
  };
  const late = setTimeout(cut, GRACE_MS + size / LEAST_BYTES_PER_MS);
  stream.once('close', () => {
    clearTimeout(late);
    running--;
  });
  return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>, 200, headers);
}
