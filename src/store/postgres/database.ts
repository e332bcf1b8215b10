/** A few connections to the database of the store, and transactions on them that nobody else's writes can follow. */
import pg from 'pg';
import { AppError } from '../../lib/errors/app-error.js';
import { connectionOf, type Subject, storeError } from './connection.js';

/** Its connections, as the server has them in `pg_stat_activity`. */
export const PULLER_NAME = 'wasm-sensors puller';

/** Runs a statement. `ms`: how long it may take, where that is less than usual. */
export type Run = <Row extends object = object>(sql: string, values?: unknown[], ms?: number) => Promise<Row[]>;

/** The lock by which the owner of the store writes: whoever opens the store waits for it, and the old owner gets it no more. */
export const MINE = 'select 1 from owner where epoch = $1 for share';

export class Database {
  /** Of this opener of the store; every further one has a higher one. */
  epoch = 0;
  readonly subject: Subject;
  readonly #pool: pg.Pool;

  /** Connects with the first statement. Throws `BAD_SETTING`. */
  constructor(location: string, name: string) {
    const config = connectionOf(location, name);
    this.subject = { location, user: config.user, database: config.database };
    this.#pool = new pg.Pool({
      ...config,
      options: '-c search_path=wasm_sensors,pg_temp',
    });
    // Of idle connections: the next statement gets another one, or fails by itself.
    this.#pool.on('error', () => {});
  }

  run: Run = async (sql, values = [], ms) => {
    try {
      return (await this.#pool.query({ text: sql, values, ...(ms ? { query_timeout: ms } : {}) } as pg.QueryConfig))
        .rows;
    } catch (error) {
      throw storeError(error, this.subject);
    }
  };

  /** Runs some statements in a transaction. */
  async transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw storeError(error, this.subject);
    }
    let failure: unknown;
    try {
      await client.query('begin');
      const result = await work(async (sql, values = []) => (await client.query({ text: sql, values })).rows);
      await client.query('commit');
      return result;
    } catch (error) {
      failure = error;
      throw storeError(error, this.subject);
    } finally {
      // With its connection a transaction that failed ends, in whatever state it is.
      client.release(failure !== undefined);
    }
  }

  /** Runs some statements in a transaction, if the store is still ours. */
  mine<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.transaction(async (run) => {
      this.refuseOthers((await run(MINE, [this.epoch])).length);
      return work(run);
    });
  }

  /** `found`: rows of {@link MINE}. */
  refuseOthers(found: number): void {
    if (found > 0) return;
    throw new AppError(
      'STORE_TAKEN',
      'another puller has opened this store since, and this one stores nothing any more',
      {
        hint: 'Stop one of them.',
      },
    );
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
