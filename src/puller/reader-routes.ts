/** `POST /query` and `GET /export`: answers from the store as NDJSON (`AnswerLine`), a query's once it is complete. */
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { AppError } from '../lib/errors/app-error.js';
import { knownError, parseQuery, readJsonBody } from '../lib/errors/http-error.js';
import { clientGone, cutOff } from '../lib/net/client-gone.js';
import { Places } from '../lib/places.js';
import { type AnswerLine, type Asked, errorOf, exportSchema, querySchema } from '../store/answer.js';
import { type ReadOptions, readStore } from '../store/sqlite/reader/store-reader.js';

/** Each is a process. */
const MAX_READERS = 3;
export const QUERY_LIMITS = { rows: 100_000, bytes: 64 * 1_048_576 };
const QUERY_MS = 30_000;
/** A client that takes less is cut off after `PATIENCE_MS`, because others wait for its place. */
const MIN_BYTES_PER_MS = 64;
const PATIENCE_MS = 30_000;

export interface ReaderDeps {
  /** Of the store; undefined where there is none. */
  path(): string | undefined;
  /** Aborted when the process stops. */
  closed: AbortSignal;
  log(text: string): void;
  queryMs?: number;
  patienceMs?: number;
}

export function readerRoutes({ path, closed, log, queryMs = QUERY_MS, patienceMs = PATIENCE_MS }: ReaderDeps): Hono {
  const app = new Hono();
  const readers = new Places(MAX_READERS);

  async function answer(c: Context, asked: Asked, options: Partial<ReadOptions> = {}) {
    const store = path();
    if (store === undefined)
      throw new AppError('NO_STORE', 'the puller keeps no store: it runs without the sink `store`');
    if (closed.aborted) throw stopping();
    const giveBack = readers.take();
    if (!giveBack) {
      const message = `${MAX_READERS} queries and exports read the store already; try again`;
      throw new AppError('TOO_MANY_READERS', message);
    }
    const gone = clientGone(c);
    const signal = AbortSignal.any([gone, closed]);
    const bytes = readStore({ path: store, ...asked }, { signal, ...options });
    const leave = async () => {
      await bytes.return(undefined);
      giveBack();
    };
    let first: Uint8Array;
    try {
      first = (await bytes.next()).value ?? new Uint8Array();
      refuse(first);
    } catch (error) {
      await leave();
      if (gone.aborted) return c.body(null);
      throw closed.aborted ? stopping() : error;
    }
    c.header('content-type', 'application/x-ndjson');
    return stream(c, async (out) => {
      let patience = patienceMs;
      const write = async (chunk: Uint8Array) => {
        const began = performance.now();
        const tooSlow = setTimeout(() => cutOff(c), patience);
        await out.write(chunk);
        clearTimeout(tooSlow);
        patience = Math.min(patienceMs, patience - (performance.now() - began) + chunk.length / MIN_BYTES_PER_MS);
      };
      try {
        await write(first);
        for await (const chunk of bytes) await write(chunk);
      } catch (error) {
        if (gone.aborted) return;
        const { code, message, hint } = closed.aborted ? stopping() : knownError(error, log);
        const last = { error: { code, message, hint } } satisfies AnswerLine;
        await write(Buffer.from(`\n${JSON.stringify(last)}\n`));
      } finally {
        await leave();
      }
    });
  }

  app.post('/query', async (c) => {
    const { sql } = await readJsonBody(c, querySchema);
    return answer(c, { sql, limits: QUERY_LIMITS }, { workMs: queryMs });
  });
  app.get('/export', (c) => {
    return answer(c, { readings: parseQuery(exportSchema, c.req.query()) });
  });
  return app;
}

const stopping = () => new AppError('STOPPING', 'the puller is stopping');

/** An error in the first line is the answer. */
function refuse(first: Uint8Array): void {
  const [line = ''] = Buffer.from(first).toString().split('\n', 1);
  if (line.startsWith('{"error"')) throw errorOf(JSON.parse(line));
}
