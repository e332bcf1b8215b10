/** Which puller holds which shard: rows of the database, by its clock only. Leases are renewed puller by puller. */
import type { Claim, RegisteredPuller } from '../shared-store.js';
import type { Run } from './database.js';
import { LEASE } from './schema.js';

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

export class Leases {
  readonly #run: Run;
  #url = '';

  /** `id`: of this puller. */
  constructor(
    run: Run,
    private readonly id: string,
  ) {
    this.#run = (sql, values) => run(sql, values, ANSWER_MS);
  }

  /** `machine`: what the ids of its pullers begin with. On one machine only one process listens at a URL: what was registered there before is dead. */
  async join(url: string, machine: string): Promise<void> {
    this.#url = url;
    await this.#run('delete from pullers where url = $1 and starts_with(id, $2)', [url, machine]);
  }

  renew(): Promise<RegisteredPuller[]> {
    return this.#run<RegisteredPuller>(RENEW, [this.id, this.#url]);
  }

  claim(count: number): Promise<Claim[]> {
    return this.#run<Claim>(CLAIM, [this.id, count]);
  }

  async release({ epoch }: Claim): Promise<void> {
    await this.#run('update shards set puller = null where epoch = $1', [epoch]);
  }

  async leave(): Promise<void> {
    await this.#run('delete from pullers where id = $1', [this.id]);
  }
}
