/**
 * The role as which statements of others run: it logs in by itself, so that nothing in a statement makes it another one, and
 * can only read. Its password is random, and in a table that only the owner of the store can read.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import { AppError, messageOf } from '../../lib/errors/app-error.js';
import { connectionOf, storeError } from './connection.js';
import type { Database, Run } from './database.js';
import { LOCK } from './schema.js';

/** What people may ask about. */
export const READABLE = ['readings', 'messages', 'region_minutes', 'region_hours', 'sensor_minutes', 'sensor_hours'];

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Of the database that the URL names. */
export const readerName = (location: string): string =>
  `wasm_sensors_reader_${connectionOf(location, '').database ?? ''}`.slice(0, 63);

/** Makes the role, and grants it what it may read. Resolves with why that is not possible; undefined: it is there. */
export async function prepareReader(database: Database): Promise<string | undefined> {
  const user = readerName(database.subject.location);
  const role = quoted(user);
  try {
    await database.transaction(async (run) => {
      await run('select pg_advisory_xact_lock($1)', [LOCK]);
      await run('insert into reader values (1, $1) on conflict do nothing', [randomBytes(32).toString('hex')]);
      const [secret] = await run<{ password: string }>('select password from reader');
      await makeRole(run, user, secret!.password);
      await run(`grant usage on schema wasm_sensors to ${role}`);
      await run(`grant select on ${READABLE.join(', ')} to ${role}`);
    });
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}

async function makeRole(run: Run, user: string, password: string): Promise<void> {
  const [known] = await run<{ isSuper: boolean }>(
    `select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
       or exists (select from pg_auth_members where member = pg_roles.oid) as "isSuper" from pg_roles where rolname = $1`,
    [user],
  );
  if (known?.isSuper) throw new AppError('STORE_DENIED', `the role ${user} may do more than read`);
  const rights = `login password '${verifierOf(password)}' connection limit 10`;
  await run(`${known ? 'alter' : 'create'} role ${quoted(user)} ${rights}`);
}

const ROUNDS = 4096;

/** What the server keeps of a password (RFC 5803), so that it has not to be told, and writes it into no log. */
function verifierOf(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ROUNDS, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  const server = keyOf('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ROUNDS}:${salt.toString('base64')}$${stored}:${server}`;
}

/** Connects as this role. Rejects as connections do, and with `STORE_DENIED` where the role is not there. */
export async function connectReader(location: string, config: pg.ClientConfig): Promise<pg.Client> {
  const user = readerName(location);
  try {
    const password = await passwordOf(config);
    return await connect({ ...config, user, password });
  } catch (error) {
    const found = storeError(error, { location, user });
    if (found.code !== 'STORE_DENIED') throw found;
    const { user: owner } = connectionOf(location, '');
    throw new AppError('STORE_DENIED', `statements run as the role ${user}, which can't connect: ${messageOf(error)}`, {
      hint: `Let the puller make it: alter role "${owner}" createrole; then start the puller again.`,
    });
  }
}

async function passwordOf(config: pg.ClientConfig): Promise<string> {
  const client = await connect(config);
  try {
    const { rows } = await client.query<{ password: string }>('select password from wasm_sensors.reader');
    const [found] = rows;
    if (found) return found.password;
    throw new AppError('STORE_DENIED', 'it has not been made');
  } finally {
    await client.end();
  }
}

export async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(config);
  // Of a connection that ends; the statement fails by itself.
  client.on('error', () => {});
  await client.connect();
  return client;
}
