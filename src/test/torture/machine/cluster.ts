/** The server, pullers and proxy of a network on PostgreSQL that `up` does not run. */
import { join } from 'node:path';
import { readToken } from '../../../lib/net/bearer-token.js';
import type { Sandbox } from '../../support/cli-harness.js';
import type { TortureDatabase } from './database.js';
import { Further } from './further.js';
import { Takeovers } from './takeovers.js';

export interface Cluster {
  database: TortureDatabase;
  further: Further;
  takeovers: Takeovers;
}

/** Starts two more pullers and one more proxy; they end with this process at the latest. */
export async function clusterOf(
  sandbox: Sandbox,
  { database, env }: { database: TortureDatabase; env: Record<string, string> },
  shards: number,
): Promise<Cluster> {
  const { queue = '' } = sandbox.state().endpoints;
  const token = readToken(join(sandbox.stateDir, 'token'));
  const further = await Further.start(join(sandbox.dir, 'further'), env, { queue, store: database.url, shards, token });
  return { database, further, takeovers: new Takeovers(database) };
}
