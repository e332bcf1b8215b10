/** The database of the store: whether it answers, and each right that the puller needs. */
import type { Settings } from '../../config/settings.js';
import { withoutSecrets } from '../../lib/net/url-secrets.js';
import { type Finding, ok, type Part, problem, skipped } from '../check.js';

export const storeAccess: Part = ({ settings: { values } }) =>
  ['sqlite', 'postgres'].includes(values.store)
    ? skipped('the store is a file, or a server of the network')
    : findStoreProblems(values);

/** Rejects with `STORE_DENIED`, `STORE_UNREACHABLE`, `STORE_SHARDS` and others of their kind. */
export async function findStoreProblems({
  store: location,
  shards,
}: Pick<Settings, 'store' | 'shards'>): Promise<Finding[]> {
  // Loaded late: few need the client.
  const { checkDatabase } = await import('../../store/postgres/check-database.js');
  const { version, problems } = await checkDatabase(location, shards);
  if (problems.length === 0)
    return ok(`${withoutSecrets(location)} is PostgreSQL ${version}, and every right is there`);
  return problems.map(({ isFatal, why, sql }) => ({
    ...problem(isFatal ? 'failure' : 'warning', why, 'As an administrator of the database run:'),
    ...(isFatal ? { code: 'STORE_DENIED' as const } : {}),
    details: [sql],
  }));
}
