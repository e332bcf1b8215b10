/** A few connections to the database of the store, and transactions on them. */
import pg from 'pg';
import { Exclusive } from '../../lib/async/exclusive.js';
import { connectionOf, type Subject, storeError } from './connection.js';

/** A process that was stopped in the middle of a transaction keeps the lock of its shard no longer. */
const IDLE_MS = 5_000;

/** Of a connection that ends: the next statement gets another one, or fails by itself. */
const ignore = () => {};

/** Its connections, as the server has them in `pg_stat_activity`. */
export const PULLER_NAME = 'wasm-sensors puller';

/** Runs a statement. `ms`: how long it may take, where that is less than usual. */
export type Run = <Row extends object = object>(sql: string, values?: unknown[], ms?: number) => Promise<Row[]>;

export class Database {
  readonly subject: Subject;
  /** Long work of shards, which would take each other the connections to store with. */
  readonly longWork = new Exclusive();
  readonly #pool: pg.Pool;

  /** `connections`: at most, where the URL does not say. Connects with the first statement. Throws `BAD_SETTING`. */
  constructor(location: string, name: string, connections?: number) {
    const config = connectionOf(location, name, connections);
    this.subject = { location, user: config.user, database: config.database };
    this.#pool = new pg.Pool({
      ...config,
      idle_in_transaction_session_timeout: IDLE_MS,
      options: '-c search_path=wasm_sensors,pg_temp',
    });
    this.#pool.on('error', ignore);
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
    // The pool listens to idle ones only, and an error that nobody listens to ends the process.
    client.on('error', ignore);
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
      client.off('error', ignore);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
