/** A shard of the store while it is ours: what is written here nobody else's writes can precede. */
import { AppError } from '../../lib/errors/app-error.js';
import type { Database, Run } from './database.js';

/** The lock by which the holder of a shard writes: whoever takes the shard waits for it, and the old holder gets it no more. */
export const MINE = 'select shard from shards where epoch = $1 for share';

export class HeldShard {
  constructor(
    readonly database: Database,
    readonly shard: number,
    /** Of this time of holding it. */
    readonly epoch: number,
  ) {}

  /** Takes it from whoever holds it, and waits for what that is storing. */
  static async take(database: Database, shard: number): Promise<HeldShard> {
    const sql = "update shards set epoch = nextval('epochs'), puller = null where shard = $1 returning epoch";
    const [taken] = await database.run<{ epoch: number }>(sql, [shard]);
    return new HeldShard(database, shard, taken!.epoch);
  }

  get run(): Run {
    return this.database.run;
  }

  /** Runs some statements in a transaction, if the shard is still ours. */
  mine<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.database.transaction(async (run) => {
      this.refuseOthers((await run(MINE, [this.epoch])).length);
      return work(run);
    });
  }

  /** `found`: rows of {@link MINE}. */
  refuseOthers(found: number): void {
    if (found > 0) return;
    const what = `another puller has taken shard ${this.shard} of the store since, and this one stores nothing of it any more`;
    throw new AppError('STORE_TAKEN', what);
  }
}
