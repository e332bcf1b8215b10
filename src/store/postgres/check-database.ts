/** What keeps the puller from using a database, found without changing it. */
import { AppError } from '../../lib/errors/app-error.js';
import { connectionOf, refusePooler } from './connection.js';
import { Database, type Run } from './database.js';
import { connectReader, readerName } from './reader-role.js';
import { LEAST_VERSION, refuseOtherShards, SCHEMA_VERSION } from './schema.js';

export interface DatabaseProblem {
  /** Without it the puller does not start; else only statements of others are refused. */
  isFatal: boolean;
  why: string;
  /** SQL for an administrator. */
  sql: string;
}

/** Rejects as connections do, and with `STORE_TOO_OLD` and `STORE_SHARDS`. Resolves with the server's version, too. */
export async function checkDatabase(
  location: string,
  shards: number,
): Promise<{ version: string; problems: DatabaseProblem[] }> {
  const database = new Database(location, 'wasm-sensors doctor');
  try {
    return await inspect(database.run, location, shards);
  } finally {
    await database.close();
  }
}

interface Facts {
  version: string;
  path: string;
  number: number;
  user: string;
  database: string;
  mayCreate: boolean;
  mayMakeRoles: boolean;
  isStandby: boolean;
  schemaOwner: string | null;
  ownsSchema: boolean;
}

/** `run`: on the database. */
export async function inspect(
  run: Run,
  location: string,
  shards: number,
): Promise<{ version: string; problems: DatabaseProblem[] }> {
  const [facts] = await run<Facts>(`
    select current_setting('server_version') as version, current_setting('search_path') as path, current_setting('server_version_num')::int as number,
      current_user as user, current_database() as database, pg_is_in_recovery() as "isStandby",
      has_database_privilege(current_database(), 'create') as "mayCreate",
      (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as "mayMakeRoles",
      (select nspowner::regrole::text from pg_namespace where nspname = 'wasm_sensors') as "schemaOwner",
      (select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = 'wasm_sensors') as "ownsSchema"`);
  refusePooler(facts!.path);
  const { version, number, user, database, mayCreate, mayMakeRoles, isStandby, schemaOwner, ownsSchema } = facts!;
  if (number < LEAST_VERSION * 10_000)
    throw new AppError('STORE_TOO_OLD', `PostgreSQL ${version} is too old: ${LEAST_VERSION} is needed`);
  const problems: DatabaseProblem[] = [];
  const fatal = (why: string, sql: string) => problems.push({ isFatal: true, why, sql });
  if (isStandby) fatal('the server is a standby, which takes no writes', 'select pg_promote();');
  if (schemaOwner !== null && !ownsSchema) {
    fatal(`the schema wasm_sensors belongs to ${schemaOwner}`, `grant ${schemaOwner} to "${user}";`);
  } else if (schemaOwner !== null) {
    const [found] = await run<{ version: number }>('select version from schema_version').catch(() => []);
    if (found && found.version > SCHEMA_VERSION)
      fatal('the store was written by a newer version of wasm-sensors', '-- update this program');
    const [divided] = await run<{ count: number }>('select count(*)::int as count from shards').catch(() => []);
    if (divided && divided.count > 0) refuseOtherShards(divided.count, shards);
  } else if (!mayCreate) {
    fatal(`the user ${user} may not make a schema`, `grant create on database "${database}" to "${user}";`);
  }
  if (!mayMakeRoles && !(await canRead(location))) {
    const why = `the user ${user} may not make the role ${readerName(location)}, as which \`query\` runs`;
    problems.push({ isFatal: false, why, sql: `alter role "${user}" createrole;` });
  }
  return { version, problems };
}

async function canRead(location: string): Promise<boolean> {
  try {
    await (await connectReader(location, connectionOf(location, 'wasm-sensors doctor'))).end();
    return true;
  } catch {
    return false;
  }
}
