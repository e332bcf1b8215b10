/** What proxies share, as a document in a row of the store's database. */
import { withoutSecrets } from '../../lib/net/url-secrets.js';
import type { SharedContent, SharedDocument } from '../../proxy/shared-state.js';
import { Database } from './database.js';
import { prepareSchema } from './schema.js';

/** A look is tried again soon. */
const READ_MS = 5_000;

interface Row {
  revision: number;
  content: unknown;
}

/** `shards`: of the store. Connects with the first call; calls reject with what connections reject with, and as `prepareSchema` does. Throws `BAD_SETTING`. */
export function sharedDocument(
  location: string,
  shards: number,
): SharedDocument & { prepare(): Promise<void>; close(): Promise<void> } {
  const database = new Database(location, 'wasm-sensors proxy');
  let prepared: Promise<unknown> | undefined;
  const prepare = async () => {
    prepared ??= prepareSchema(database, shards).catch((error) => {
      prepared = undefined;
      throw error;
    });
    await prepared;
  };

  async function read(initial: SharedContent, known = 0): Promise<Row> {
    await prepare();
    const select = 'select revision, case when revision <> $1 then content end as content from shared_by_proxies';
    const [found] = await database.run<Row>(select, [known], READ_MS);
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
        return { revision: saved?.revision ?? 1, result };
      });
    },

    close: () => database.close(),
  };
}
