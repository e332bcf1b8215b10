/** A PostgreSQL server as a victim, and its readings as the checker reads them. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction, openSqlite } from '../../../lib/sqlite/driver.js';
import { eventually } from '../../support/cli-harness.js';
import { PostgresServer } from '../../support/postgres-server.js';
import { HEALED_MS } from './machine.js';

const NUMBERS = 'sequence::int as sequence, job_submission_time::float8 as job_submission_time';
const TEXTS = ['job_id', 'execution_id', 'icon_name', 'timestamp', 'color', 'region', 'hostname', 'sensor_config'];

export class TortureDatabase {
  readonly name = 'postgres';
  readonly url: string;
  readonly #server: PostgresServer;

  private constructor(server: PostgresServer, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<TortureDatabase> {
    const server = await PostgresServer.start();
    return new TortureDatabase(server, await server.database());
  }

  /** SIGKILL of the server and all of its processes; it is started again. */
  async kill(): Promise<void> {
    this.#server.signal('SIGKILL');
    // It does not start while one of its processes is not gone yet.
    const starts = () => {
      this.#server.up();
      return true;
    };
    await eventually('a database server', starts, HEALED_MS);
  }

  async freeze(seconds: number): Promise<void> {
    this.#server.signal('SIGSTOP');
    await sleep(seconds * 1000);
    this.#server.signal('SIGCONT');
  }

  /** Epochs of the shards that the puller at this URL holds. */
  async shardsOf(url: string): Promise<string[]> {
    const rows = await this.#query<{ url: string; epoch: string }>(
      'select url, epoch from wasm_sensors.shards join wasm_sensors.pullers on id = puller',
    );
    return rows.filter((row) => row.url === url).map(({ epoch }) => epoch);
  }

  /** Of all shards. */
  async epochs(): Promise<string[]> {
    return (await this.#query<{ epoch: string }>('select epoch from wasm_sensors.shards')).map(({ epoch }) => epoch);
  }

  #query<Row extends object>(sql: string): Promise<Row[]> {
    return this.#server.query<Row>(sql, new URL(this.url).pathname.slice(1));
  }

  /** Into a file of SQLite. */
  async copy(): Promise<string> {
    const path = join(this.#server.folder, 'copy.db');
    const rows = await this.#query<Record<string, string | number | null>>(
      `select ${TEXTS.join(', ')}, ${NUMBERS} from wasm_sensors.readings`,
    );
    rmSync(path, { force: true });
    const db = openSqlite(path);
    const columns = [...TEXTS, 'sequence', 'job_submission_time'];
    db.exec(`create table readings (${columns.join(', ')})`);
    const insert = db.prepare(`insert into readings values (${columns.map(() => '?').join(', ')})`);
    inTransaction(db, () => {
      for (const row of rows) insert.run(...columns.map((column) => row[column] ?? null));
    });
    db.close();
    return path;
  }

  stop(): void {
    this.#server.stop();
  }
}
