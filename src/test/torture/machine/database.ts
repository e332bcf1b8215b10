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

  /** Into a file of SQLite. */
  async copy(): Promise<string> {
    const path = join(this.#server.folder, 'copy.db');
    const rows = await this.#server.query<Record<string, string | number | null>>(
      `select ${TEXTS.join(', ')}, ${NUMBERS} from wasm_sensors.readings`,
      new URL(this.url).pathname.slice(1),
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
