/** A PostgreSQL server of a test's own: made, started and stopped here, in a temporary folder, on loopback. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../lib/net/choose-port.js';

/** Folder of `initdb` and `pg_ctl`; undefined: PostgreSQL is not installed. */
export const POSTGRES_BIN = findBin();
export const WHY_SKIPPED = 'no PostgreSQL server is installed (Debian: apt-get install postgresql)';

function findBin(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'pg_ctl')));
}

const SUPERUSER = 'postgres';
/** Of every role. */
const PASSWORD = 'se cret/@1';

export class PostgresServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  readonly port: number;
  #databases = 0;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<PostgresServer> {
    // Kept while it is down: none that the system gives to connections.
    const server = new PostgresServer(await freePort());
    server.#init();
    server.up();
    return server;
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  #init(): void {
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, PASSWORD);
    chmodSync(this.folder, 0o755);
    if (userInfo().uid === 0) for (const path of [this.folder, passwordFile]) giveToPostgres(path);
    run('initdb', [
      '-D',
      this.#data,
      '-U',
      SUPERUSER,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '-N',
    ]);
    // Without fsync a crash of its processes loses nothing, and no test crashes the machine.
    const settings = `port = ${this.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '${this.folder}'\nmax_connections = 40\nfsync = off\nlog_statement = ddl\n`;
    writeFileSync(join(this.#data, 'postgresql.auto.conf'), settings);
  }

  /** Starts it, again after {@link down}. */
  up(): void {
    run('pg_ctl', ['-D', this.#data, '-w', '-t', '60', '-l', join(this.folder, 'log'), 'start']);
  }

  /** From now on it speaks TLS only. */
  speakTls(cert: string, key: string): void {
    const files = { 'server.crt': cert, 'server.key': key, 'pg_hba.conf': 'hostssl all all all scram-sha-256\n' };
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.#data, name);
      writeFileSync(path, text);
      chmodSync(path, 0o600);
      if (userInfo().uid === 0) giveToPostgres(path);
    }
    appendFileSync(join(this.#data, 'postgresql.auto.conf'), 'ssl = on\n');
    this.down();
    this.up();
  }

  /** `immediate`: as a crash. */
  down(mode: 'fast' | 'immediate' = 'fast'): void {
    run('pg_ctl', ['-D', this.#data, '-w', '-m', mode, 'stop']);
  }

  /** A copy that follows it and takes no writes. */
  async standby(): Promise<PostgresServer> {
    const copy = new PostgresServer(await freePort());
    chmodSync(copy.folder, 0o755);
    if (userInfo().uid === 0) giveToPostgres(copy.folder);
    run('pg_basebackup', ['-D', copy.#data, '-d', this.url(SUPERUSER), '-R', '-X', 'stream', '-c', 'fast']);
    copy.#listenAt(copy.port);
    copy.up();
    return copy;
  }

  /** It takes writes, where `other` has been until now. */
  replace(other: PostgresServer): void {
    run('pg_ctl', ['-D', this.#data, '-w', 'promote']);
    this.#listenAt(other.port);
    this.down();
    this.up();
  }

  #listenAt(port: number): void {
    const settings = `port = ${port}\nunix_socket_directories = '${this.folder}'\n`;
    appendFileSync(join(this.#data, 'postgresql.auto.conf'), settings);
  }

  /** To the server and all of its processes. */
  signal(signal: NodeJS.Signals): void {
    const pid = Number(readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    for (const id of [pid, ...children]) process.kill(id, signal);
  }

  /** A new database, owned by a role that may make others but is no superuser. Resolves with its URL. */
  async database(rights = 'createrole'): Promise<string> {
    const name = `db${++this.#databases}`;
    await this.query(`create role ${name}_owner login ${rights} password '${PASSWORD}'`);
    await this.query(`create database ${name} owner ${name}_owner`);
    return this.url(name, `${name}_owner`);
  }

  url(database: string, user = SUPERUSER, password = PASSWORD): string {
    return `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${database}`;
  }

  /** As the superuser. */
  async query<Row extends object>(sql: string, database = SUPERUSER): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url(database) });
    await client.connect();
    try {
      return (await client.query(sql)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  stop(): void {
    spawnSync(...command('pg_ctl', ['-D', this.#data, '-w', '-m', 'immediate', 'stop']));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** It refuses to run as root. */
function command(program: string, args: string[]): [string, string[]] {
  const path = join(POSTGRES_BIN ?? '', program);
  return userInfo().uid === 0 ? ['runuser', ['-u', SUPERUSER, '--', path, ...args]] : [path, args];
}

const run = (program: string, args: string[]) => execFileSync(...command(program, args), { stdio: 'ignore', cwd: '/' });

function giveToPostgres(path: string): void {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, SUPERUSER], { encoding: 'utf8' }));
  chownSync(path, idOf('-u'), idOf('-g'));
}
