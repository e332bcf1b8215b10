/**
 * Reads the bodies of requests within limits: no body is longer than its route allows, all large ones together have a
 * share of the memory, and large ones are parsed one at a time, with other work in between.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { Context } from 'hono';
import { AppError, messageOf } from '../errors/app-error.js';
import { connectionOf } from './client-gone.js';

/** What a route takes that says nothing else. The largest honest bodies are configurations of thousands of hosts. */
export const MAX_BODY_BYTES = 1_048_576;
/** A body up to this size is neither counted nor waits its turn: 10,000 connections with one each are 160 MB. */
const SMALL_BYTES = 16_384;
/** All large bodies that arrive at the same time. With what their values take once parsed, a process stays below 512 MB. */
export const MAX_ARRIVING_BYTES = 64 * 1_048_576;

let arriving = 0;
/** Ends when the large body before has been parsed. */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Parses the body of a request; `parse` runs in one turn of the event loop. Rejects with `TOO_LARGE`, with
 * `BODY_ENCODED` for one that is compressed, and with `OVERLOADED` while too much arrives.
 *
 * Hono's `bodyLimit` is not used: it makes `/send` cost three times the processor time (100 -> 300 us a request).
 *
 * @param inflated where gzip is taken: the bytes that may come out of it
 */
export async function readBody<T>(
  c: Context,
  parse: (bytes: Uint8Array) => T,
  max = MAX_BODY_BYTES,
  inflated?: number,
): Promise<T> {
  const encoding = c.req.header('content-encoding')?.toLowerCase();
  if (encoding === 'gzip' && inflated !== undefined) {
    const compressed = await readPlain(c, (bytes) => bytes, max);
    // What comes out of a compressed body takes as much memory as one that is not.
    if (arriving + inflated > MAX_ARRIVING_BYTES) throw tooMuch();
    arriving += inflated;
    return inTurn(() => parse(inflate(compressed, inflated))).finally(() => {
      arriving -= inflated;
    });
  }
  if (encoding !== undefined && encoding !== 'identity') {
    const hint = 'Leave out Content-Encoding.';
    throw new AppError('BODY_ENCODED', 'the body has a Content-Encoding; send it as it is', { hint });
  }
  return readPlain(c, parse, max);
}

async function readPlain<T>(c: Context, parse: (bytes: Uint8Array) => T, max: number): Promise<T> {
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (length > max) throw tooLarge(max);
  if (length <= SMALL_BYTES) return parse(new Uint8Array(await c.req.arrayBuffer().catch(fail(c))));
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    const reader = c.req.raw.body?.getReader();
    for (;;) {
      const { done, value } = (await reader?.read().catch(fail(c))) ?? { done: true };
      if (done) break;
      total += value.length;
      arriving += value.length;
      if (total > max) throw tooLarge(max);
      if (arriving > MAX_ARRIVING_BYTES && total > SMALL_BYTES) throw tooMuch();
      chunks.push(value);
    }
    const bytes = Buffer.concat(chunks);
    return total <= SMALL_BYTES ? parse(bytes) : await inTurn(() => parse(bytes));
  } finally {
    arriving -= total;
  }
}

/** Stops as soon as more than `max` bytes have come out. */
function inflate(bytes: Uint8Array, max: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: max });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(max);
    throw new AppError('BODY_ENCODED', `the body is not gzip: ${messageOf(cause)}`, { cause });
  }
}

/** A client that leaves in the middle of its body is no defect of ours. */
function fail(c: Context): (error: unknown) => never {
  return (error) => {
    const { incoming } = connectionOf(c);
    if (!incoming?.destroyed) throw error;
    throw new AppError('BAD_HTTP', 'the connection ended before the body did', { cause: error });
  };
}

/** Runs long work after the one before, and lets requests that wait be answered first. */
function inTurn<T>(work: () => T): Promise<T> {
  const turn = lastTurn.then(() => nextTurn()).then(work);
  lastTurn = turn.catch(() => {});
  return turn;
}

const tooMuch = () => new AppError('OVERLOADED', 'too many large bodies arrive at once');
const tooLarge = (max: number) => new AppError('TOO_LARGE', `the body is longer than ${max} bytes`);
