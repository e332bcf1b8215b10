/** A PostgreSQL store as a puller shares it with others. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { newToken } from '../../lib/net/bearer-token.js';
import type { HistoryRange, HistorySeries } from '../history.js';
import type { Claim, SharedStore } from '../shared-store.js';
import { Database, PULLER_NAME, type Run } from './database.js';
import { HeldShard } from './held-shard.js';
import { Leases } from './leases.js';
import { PostgresStore } from './postgres-store.js';
import { readHistory } from './read-history.js';
import { prepareReader } from './reader-role.js';
import { prepareSchema } from './schema.js';
import { ShardPast } from './shard-past.js';

/** Of all shards of a process together, beside those for its leases: storing takes one for milliseconds. */
const MAX_CONNECTIONS = 12;
const BESIDE_STORING = 4;

export class SharedPostgres implements SharedStore {
  readonly id = `${hostname()}-${randomBytes(3).toString('hex')}`;
  readonly path: string;
  /** With connections of their own: whatever the shards do, they are renewed. */
  readonly #renewals: Database;
  readonly #leases: Leases;

  private constructor(
    location: string,
    private readonly database: Database,
    readonly shards: number,
    readonly secret: string,
  ) {
    this.path = location;
    this.#renewals = new Database(location, PULLER_NAME, 2);
    this.#leases = new Leases(this.#renewals.run, this.id);
  }

  /** `location`: the URL. Rejects as `PostgresStore.open` does, and with `STORE_SHARDS`. */
  static async open(location: string, shards: number): Promise<SharedPostgres> {
    const database = new Database(location, PULLER_NAME, Math.min(shards + BESIDE_STORING, MAX_CONNECTIONS));
    try {
      await prepareSchema(database, shards);
      // A statement of others is refused where that is not possible, and everything else works.
      await prepareReader(database);
      return new SharedPostgres(location, database, shards, await peerSecret(database.run));
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  history(range: HistoryRange, now: number): Promise<HistorySeries[]> {
    return readHistory(this.database.run, range, now);
  }

  join(url: string): Promise<void> {
    return this.#leases.join(url, `${hostname()}-`);
  }

  renew() {
    return this.#leases.renew();
  }

  claim(count: number): Promise<Claim[]> {
    return this.#leases.claim(count);
  }

  open({ shard, epoch }: Claim): Promise<PostgresStore> {
    return PostgresStore.of(new HeldShard(this.database, shard, epoch));
  }

  past(shard: number): ShardPast {
    return new ShardPast(this.database.run, shard);
  }

  release(claim: Claim): Promise<void> {
    return this.#leases.release(claim);
  }

  leave(): Promise<void> {
    return this.#leases.leave();
  }

  async close(): Promise<void> {
    await Promise.all([this.database.close(), this.#renewals.close()]);
  }
}

/** Made by the first puller, in a table that only the owner of the store can read. */
async function peerSecret(run: Run): Promise<string> {
  await run('insert into peer_secret values (1, $1) on conflict do nothing', [newToken()]);
  const [found] = await run<{ secret: string }>('select secret from peer_secret');
  return found!.secret;
}
