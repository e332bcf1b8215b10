/** Relays, as the running fleet knows them. */
import { join } from 'node:path';
import { readToken } from '../../lib/net/bearer-token.js';
import { RelayAlerts } from '../../puller/alerts/relay-alerts.js';
import { FleetClient } from '../../puller/fleet-client.js';
import { ok, type Part, problem, skipped } from '../check.js';

const FIX =
  'See its log, or `GET /stats` of the relay: `uplink.problem` is why it can not forward. Give it more room with --max-bytes.';

export const relays: Part = async ({ up, stateDir }) => {
  if (!up) return skipped('`up` does not run');
  const fleet = new FleetClient(up.endpoints.puller, { token: readToken(join(stateDir, 'token')) });
  const summary = await fleet.summary().catch(() => undefined);
  const count = summary?.relays?.length ?? 0;
  if (!summary || count === 0) return skipped('no relay is known');
  const problems = new RelayAlerts().update(summary);
  if (problems.length > 0) return problems.map(({ text }) => problem('warning', text, FIX));
  return ok(`relays that forward what they get: ${count}`);
};
