/** The real `libsql` with every statement that changes anything noted, and the open databases at hand. */
import type LibsqlDatabase from 'libsql';

type Database = LibsqlDatabase.Database;

/** What happened, a line each; tests add their own. */
export const trace: string[] = [];
/** Databases in the order in which they were opened. */
export const opened: Database[] = [];
/** The statement that fails when it comes, as on a full disk. */
export const failing: { sql?: string } = {};

export function forgetTrace(): void {
  trace.length = 0;
  opened.length = 0;
  delete failing.sql;
}

/** For `vi.mock('libsql', …)`. */
export async function watchDatabases(original: () => Promise<unknown>): Promise<{ default: unknown }> {
  const { default: Real } = (await original()) as { default: new (path: string, options?: object) => Database };
  function Watched(path: string, options?: object): Database {
    const database = new Real(path, options);
    const exec = database.exec.bind(database);
    const prepare = database.prepare.bind(database);
    opened.push(database);
    database.exec = (sql: string) => {
      note(sql);
      return exec(sql);
    };
    database.prepare = ((sql: string) => {
      const statement = prepare(sql);
      for (const name of ['run', 'all', 'get', 'iterate'] as const) {
        const method = (statement[name] as (...args: unknown[]) => unknown).bind(statement);
        (statement as unknown as Record<string, unknown>)[name] = (...args: unknown[]) => {
          if (!/^\s*(select|pragma)/i.test(sql)) note(sql);
          return method(...args);
        };
      }
      return statement;
    }) as typeof database.prepare;
    return database;
  }
  return { default: Watched };
}

function note(sql: string): void {
  const short = sql.trim().replace(/\s+/g, ' ');
  trace.push(short.length > 90 ? `${short.slice(0, 87)}...` : short);
  if (failing.sql === short) throw new Error('database or disk is full');
}
