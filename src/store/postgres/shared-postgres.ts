/**
 * A PostgreSQL store as a puller shares it with others. It is divided into shards, each of which one puller holds by a lease, by
 * the clock of the database only: who takes it over later makes everything fail that the one before still writes.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { newToken } from '../../lib/net/bearer-token.js';
import type { HistoryRange, HistorySeries } from '../history.js';
import type { PastStore, ReadingsStore } from '../store.js';
import { Database, PULLER_NAME, type Run } from './database.js';
import { HeldShard } from './held-shard.js';
import { PostgresStore } from './postgres-store.js';
import { readHistory } from './read-history.js';
import { prepareReader } from './reader-role.js';
import { LEASE, prepareSchema } from './schema.js';
import { ShardPast } from './shard-past.js';

/** A shard as somebody holds it. `epoch`: of this time of holding it; every further one has a higher one. */
export interface Claim {
  shard: number;
  epoch: number;
}

export interface RegisteredPuller {
  id: string;
  /** Of its HTTP API. */
  url: string;
  claims: Claim[];
}

/** Of all shards of a process together, beside those for its leases: storing takes one for milliseconds. */
const MAX_CONNECTIONS = 12;
const BESIDE_STORING = 4;
/** Beyond this a renewal is tried again. */
const ANSWER_MS = 3_000;

/** Who is dead is forgotten; should it come back, it is the youngest. */
const RENEW = `
with dead as (delete from pullers where id <> $1 and id not in (select id from live_pullers)),
me as (
  insert into pullers (id, url, until) values ($1, $2, ${LEASE})
  on conflict (id) do update set until = excluded.until returning id, url, since
),
live as (select * from me union all select id, url, since from live_pullers where id <> $1)
select id, url, coalesce(json_agg(json_build_object('shard', shard, 'epoch', epoch) order by shard) filter (where shard is not null), '[]') as claims
from live left join shards on puller = id group by id, url, since order by since, id`;

/** A shard whose holder writes at this moment is left to the next round. */
const CLAIM = `
update shards set puller = $1, epoch = nextval('epochs') where shard in (
  select shard from shards where puller is null or puller not in (select id from live_pullers)
  order by shard limit $2 for update skip locked
) returning shard, epoch`;

/** All methods reject where the store does not answer. */
export type SharedStore = Pick<SharedPostgres, keyof SharedPostgres>;

export class SharedPostgres {
  /** Of this puller. */
  readonly id = `${hostname()}-${randomBytes(3).toString('hex')}`;
  #url = '';
  /** With connections of their own: whatever the shards do, leases are renewed. */
  readonly #leases: Database;

  private constructor(
    readonly path: string,
    private readonly database: Database,
    /** How many there are. */
    readonly shards: number,
    /** With which its pullers know each other: as a bearer token. */
    readonly secret: string,
  ) {
    this.#leases = new Database(path, PULLER_NAME, 2);
  }

  /** `location`: the URL. Rejects with `BAD_SETTING`, `STORE_UNREACHABLE`, `STORE_DENIED` and others of its kind. */
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

  /** Registers this puller. On one machine only one process listens at a URL: what was registered there before is dead. */
  async join(url: string): Promise<void> {
    this.#url = url;
    await this.#run('delete from pullers where url = $1 and starts_with(id, $2)', [url, `${hostname()}-`]);
  }

  /** Renews the leases of this puller. Resolves with all pullers that live, this one among them, the oldest first. */
  renew(): Promise<RegisteredPuller[]> {
    return this.#run<RegisteredPuller>(RENEW, [this.id, this.#url]);
  }

  /** Takes at most `count` shards that nobody living holds. */
  claim(count: number): Promise<Claim[]> {
    return this.#run<Claim>(CLAIM, [this.id, count]);
  }

  /** What a shard has; closing it leaves the shared store open. */
  open({ shard, epoch }: Claim): Promise<ReadingsStore> {
    return PostgresStore.of(new HeldShard(this.database, shard, epoch));
  }

  /** What came to a shard, whoever holds it. */
  past(shard: number): PastStore {
    return new ShardPast(this.database.run, shard);
  }

  /** Lets others have a shard at once. Nothing happens where they have it already. */
  async release({ epoch }: Claim): Promise<void> {
    await this.#run('update shards set puller = null where epoch = $1', [epoch]);
  }

  async leave(): Promise<void> {
    await this.#run('delete from pullers where id = $1', [this.id]);
  }

  async close(): Promise<void> {
    await Promise.all([this.database.close(), this.#leases.close()]);
  }

  readonly #run: Run = (sql, values) => this.#leases.run(sql, values, ANSWER_MS);
}

/** Made by the first puller, in a table that only the owner of the store can read. */
async function peerSecret(run: Run): Promise<string> {
  await run('insert into peer_secret values (1, $1) on conflict do nothing', [newToken()]);
  const [found] = await run<{ secret: string }>('select secret from peer_secret');
  return found!.secret;
}
