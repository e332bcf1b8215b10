/** Connections to a PostgreSQL server, and what its errors mean. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import { withoutSecrets } from '../../lib/net/url-secrets.js';

const CONNECT_MS = 10_000;
/** Of one statement, on the server; a server that does not even refuse is given up a little later. */
const STATEMENT_MS = 60_000;
/** The pipeline, the roll-ups, retention, and a question about history. */
const CONNECTIONS = 5;

const HINT =
  'For example: postgres://user@host:5432/database?sslmode=verify-full; PGPASSWORD or ~/.pgpass may have the password.';
const badUrl = (problem: string) => new AppError('BAD_SETTING', `store: ${problem}`, { hint: HINT });

const PARAMETERS = new Set([
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'host',
  'port',
  'connect_timeout',
  'application_name',
  // Those of this program.
  'connections',
  'statement_timeout',
]);

/** What `pg` takes, of a URL as libpq has it. Throws `BAD_SETTING`. */
export function connectionOf(location: string, name: string, connections = CONNECTIONS): pg.PoolConfig {
  if (!URL.canParse(location)) throw badUrl('this is no URL of a PostgreSQL database');
  const url = new URL(location);
  const { searchParams } = url;
  const unknown = [...searchParams.keys()].find((key) => !PARAMETERS.has(key));
  if (unknown !== undefined)
    throw badUrl(`${JSON.stringify(unknown)} is no parameter of its URL that this program knows`);
  const decoded = (text: string) => (text === '' ? undefined : decodeURIComponent(text));
  const host =
    searchParams.get('host') ?? decoded(url.hostname.replace(/^\[|\]$/g, '')) ?? process.env.PGHOST ?? 'localhost';
  const port = searchParams.get('port') ?? url.port;
  const number = (key: string, least: number, fallback: number) => {
    const given = Number(searchParams.get(key) ?? fallback);
    if (Number.isInteger(given) && given >= least) return given;
    throw badUrl(`${key} must be a whole number from ${least} on`);
  };
  const statementMs = number('statement_timeout', 1_000, STATEMENT_MS);
  const given = {
    user: decoded(url.username),
    password: decoded(url.password),
    port: port === '' ? undefined : Number(port),
    database: decoded(url.pathname.slice(1)),
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    host,
    ssl: tlsOf(searchParams, host),
    application_name: searchParams.get('application_name') ?? name,
    connectionTimeoutMillis: 1_000 * number('connect_timeout', 1, CONNECT_MS / 1_000),
    max: number('connections', 2, connections),
    keepAlive: true,
    statement_timeout: statementMs,
    query_timeout: statementMs + 5_000,
    lock_timeout: 20_000,
    idle_in_transaction_session_timeout: statementMs,
    // Of bigint: ids and milliseconds, which JavaScript's numbers have.
    types: { getTypeParser: (oid, format) => (oid === 20 ? Number : pg.types.getTypeParser(oid, format)) },
  };
}

/** Without `sslmode` a password leaves this machine over TLS only. */
function tlsOf(parameters: URLSearchParams, host: string): pg.ClientConfig['ssl'] {
  const mode = parameters.get('sslmode') ?? (host.startsWith('/') || isLoopback(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') return false;
  const file = (name: string) => readPem(parameters.get(name));
  const [ca, cert, key] = [file('sslrootcert'), file('sslcert'), file('sslkey')];
  const files = { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
  if (mode === 'require' && !ca) return { ...files, rejectUnauthorized: false };
  if (mode === 'require' || mode === 'verify-ca') return { ...files, checkServerIdentity: () => undefined };
  if (mode === 'verify-full') return files;
  throw badUrl(`sslmode must be disable, require, verify-ca or verify-full`);
}

function readPem(path: string | null): string | undefined {
  if (path === null) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw badUrl(`can't read ${path}: ${messageOf(error)}`);
  }
}

/** Who owns what the error is about, for a hint. */
export interface Subject {
  /** The URL. */
  location: string;
  user?: string | undefined;
  database?: string | undefined;
}

/** What the store needs of a connection: its settings, and that it stays the same for a whole session. */
const POOLER =
  'Is this a pooler, such as PgBouncer? It keeps from the server what the store needs: connect to the server itself.';

/** Throws `STORE_UNUSABLE` where a pooler has dropped the settings: tables would get into another schema. `path`: the server's `search_path`. */
export function refusePooler(path: string): void {
  if (path.startsWith('wasm_sensors')) return;
  throw new AppError('STORE_UNUSABLE', 'the server does not see the settings of a connection', { hint: POOLER });
}

/** By SQLSTATE, or its class. */
const MEANINGS: Record<
  string,
  [code: 'STORE_DENIED' | 'STORE_NOT_FOUND' | 'STORE_UNREACHABLE' | 'STORE_UNUSABLE', hint: (of: Subject) => string]
> = {
  '28': [
    'STORE_DENIED',
    () => 'Check user and password (in the URL, PGPASSWORD or ~/.pgpass), and pg_hba.conf of the server.',
  ],
  '3D': ['STORE_NOT_FOUND', ({ database }) => `Make it: create database "${database}";`],
  '42501': [
    'STORE_DENIED',
    ({ user, database }) => `Allow it: grant create, connect on database "${database}" to "${user}";`,
  ],
  '08P01': ['STORE_UNUSABLE', () => POOLER],
  '53100': ['STORE_UNREACHABLE', () => 'Its disk is full: make room, and this goes on by itself.'],
  '53300': ['STORE_UNREACHABLE', () => 'Raise max_connections of the server, or close other connections.'],
  '57': ['STORE_UNREACHABLE', () => 'It starts, stops, or was failed over: this goes on by itself.'],
  '25006': [
    'STORE_UNREACHABLE',
    () => 'The server only answers reads: it is a standby. Name the one that takes writes.',
  ],
};

/** What went wrong, without a password. An `AppError` stays as it is. */
export function storeError(error: unknown, subject: Subject): AppError {
  if (error instanceof AppError) return error;
  const { code = '' } = error as { code?: string };
  const [meaning, hint] = MEANINGS[code] ?? MEANINGS[code.slice(0, 2)] ?? [];
  if (/password must be a/.test(messageOf(error)))
    return new AppError('STORE_DENIED', 'the server asks for a password, and there is none', { hint: HINT });
  const isOfServer = /^[0-9A-Z]{5}$/.test(code);
  const what = `PostgreSQL at ${withoutSecrets(subject.location)}: ${withoutSecrets(messageOf(error))}`;
  if (meaning) return new AppError(meaning, what, { hint: hint?.(subject), cause: error });
  if (!isOfServer) return new AppError('STORE_UNREACHABLE', what, { hint: tlsHint(error), cause: error });
  return new AppError('STORE_FAILED', `${what} (${code})`, { cause: error });
}

const tlsHint = (error: unknown): string =>
  /SSL|certificate|self.signed/i.test(messageOf(error))
    ? 'sslmode=disable speaks without TLS, sslrootcert=FILE names a private authority, sslmode=require trusts any certificate.'
    : 'Is the server up, and is this its address?';
