/** What proxies share, as a document in a row of the store's database; each change of it is told to all. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { withoutSecrets } from '../../lib/net/url-secrets.js';
import type { SharedContent, SharedDocument } from '../../proxy/shared-state.js';
import { connectionOf } from './connection.js';
import { Database } from './database.js';
import { prepareSchema } from './schema.js';

const NAME = 'wasm-sensors proxy';
const CHANNEL = 'wasm_sensors_proxies';
/** A look is tried again soon. */
const READ_MS = 5_000;
const LISTEN_AGAIN_MS = 2_000;

interface Row {
  revision: number;
  content: unknown;
}

/** `shards`: of the store. Connects with the first call; calls reject with what connections reject with, and as `prepareSchema` does. Throws `BAD_SETTING`. */
export function sharedDocument(
  location: string,
  shards: number,
): SharedDocument & { prepare(): Promise<void>; close(): Promise<void> } {
  const database = new Database(location, NAME);
  let prepared: Promise<unknown> | undefined;
  const prepare = async () => {
    prepared ??= prepareSchema(database, shards).catch((error) => {
      prepared = undefined;
      throw error;
    });
    await prepared;
  };

  async function read(initial: SharedContent): Promise<Row> {
    await prepare();
    const select = 'select revision, content from shared_by_proxies';
    const [found] = await database.run<Row>(select, [], READ_MS);
    if (found) return found;
    const insert = 'insert into shared_by_proxies values (1, 1, $1) on conflict do nothing';
    await database.run(insert, [JSON.stringify(initial)], READ_MS);
    return read(initial);
  }

  return {
    url: withoutSecrets(location),
    prepare,
    read,

    async change(work) {
      await prepare();
      return database.transaction(async (run) => {
        const [row] = await run<Row>('select revision, content from shared_by_proxies for update');
        const { content, result } = await work(row?.content);
        const save = `insert into shared_by_proxies values (1, 1, $1)
          on conflict (id) do update set revision = shared_by_proxies.revision + 1, content = excluded.content returning revision`;
        const [saved] = await run<Pick<Row, 'revision'>>(save, [JSON.stringify(content)]);
        await run(`notify ${CHANNEL}`);
        return { revision: saved?.revision ?? 1, result };
      });
    },

    async listen(onChange, signal) {
      while (!signal.aborted) {
        // One that was lost is found out by looks, which find out that the server is away, too.
        await listenOnce(location, onChange, signal).catch(() => {});
        await sleep(LISTEN_AGAIN_MS, undefined, { signal }).catch(() => {});
      }
    },

    close: () => database.close(),
  };
}

/** Resolves when the connection has ended. */
async function listenOnce(location: string, onChange: () => void, signal: AbortSignal): Promise<void> {
  const client = new pg.Client(connectionOf(location, NAME));
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  const end = () => void client.end().catch(() => {});
  client.on('error', end);
  client.on('notification', onChange);
  signal.addEventListener('abort', end, { once: true });
  try {
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    // What was changed before.
    onChange();
    if (!signal.aborted) await ended;
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
