import type { Database } from '../../lib/sqlite/driver.js';

/** The same database; `onExec` is told what `exec` is about to run, and may throw. */
export function watchedDatabase(database: Database, onExec: (sql: string) => void): Database {
  return new Proxy(database, {
    get(target, name) {
      // A native object knows its own methods and properties only as its own.
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (name === 'exec') onExec(String(args[0]));
        return value.apply(target, args);
      };
    },
  });
}
