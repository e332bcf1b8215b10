/** Sends files a piece at a time, however large they are and however slowly their readers take them. */
import { open } from 'node:fs/promises';
import type { Context } from 'hono';
import { AppError } from '../errors/app-error.js';
import { cutOff } from './client-gone.js';

/** Each holds a piece of its file, and what the connection buffers. */
const MAX_DOWNLOADS = 64;
const PIECE_BYTES = 65_536;
/** A slower client is cut off after {@link GRACE_MS} and the time that its file takes at this speed (32 KiB/s). */
const LEAST_BYTES_PER_MS = 32;
const GRACE_MS = 30_000;

let running = 0;

/** The answer with a file as it is now, also when it is replaced meanwhile. Rejects with `OVERLOADED`. */
export async function fileAnswer(c: Context, path: string, type: string): Promise<Response> {
  if (running >= MAX_DOWNLOADS) throw new AppError('OVERLOADED', `${MAX_DOWNLOADS} other downloads are under way`);
  running++;
  const file = await open(path).catch((error) => {
    running--;
    throw error;
  });
  let late: NodeJS.Timeout | undefined;
  let isOpen = true;
  const end = async () => {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(late);
    running--;
    await file.close();
  };
  const { size } = await file.stat();
  const headers = { 'content-type': type, 'content-length': String(size) };
  if (c.req.method === 'HEAD') {
    await end();
    return c.body(null, 200, headers);
  }
  late = setTimeout(() => cutOff(c), GRACE_MS + size / LEAST_BYTES_PER_MS);
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES);
      if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
      await end();
      controller.close();
    } catch (error) {
      await end();
      throw error;
    }
  };
  return c.body(new ReadableStream({ pull, cancel: end }, { highWaterMark: 0 }), 200, headers);
}
