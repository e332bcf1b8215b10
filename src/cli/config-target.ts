/** What the `config` commands work on: a running `up`, or proxies and a puller anywhere. */
import type { SettingKey, Settings } from '../config/settings.js';
import type { KnownJobs } from '../fleet/fleet-view.js';
import { readAuthority } from '../lib/net/tls.js';
import { nothingDesired } from '../protocol/desired-config.js';
import { ConfigClient } from '../proxy/config-client.js';
import { FleetClient } from '../puller/fleet-client.js';
import { openSession, operatorToken, type Session } from '../runtime/session.js';

export interface ConfigTarget {
  /** The authority for the fleet configuration, then the proxies that follow it; never empty. */
  proxies: ConfigClient[];
  fleet: FleetClient;
  /** The jobs, where their network is at hand. */
  jobs?: () => Promise<KnownJobs>;
}

export const TARGET_SETTINGS: SettingKey[] = ['stateDir', 'pullerUrl', 'proxies', 'token', 'tlsCa'];

/** With `--proxies` and `--puller-url` no `up` is needed here. Throws `NOT_UP` where one of them is missing, too. */
export function openConfigTarget(settings: Settings): ConfigTarget {
  const { proxies, pullerUrl, tlsCa } = settings;
  if (proxies === undefined || pullerUrl === undefined) return targetOf(openSession(settings), settings);
  const token = operatorToken(settings);
  return { proxies: clients(proxies, token, tlsCa), fleet: new FleetClient(pullerUrl) };
}

/** The proxies of the settings, else the network's own and its service job. */
export function targetOf(session: Session, { proxies, tlsCa }: Settings): Required<ConfigTarget> {
  const { proxy, jobProxy } = session.state.endpoints;
  const urls = proxies ?? [proxy, ...(jobProxy === undefined ? [] : [jobProxy])];
  return {
    proxies: clients(urls, session.token, tlsCa ?? session.state.tlsCa),
    fleet: session.fleet,
    jobs: jobsOf(session),
  };
}

/** Asks the session's network which jobs are deployed and which have ended. */
export function jobsOf(session: Session): () => Promise<KnownJobs> {
  return async () => {
    const known: KnownJobs = { deployed: [], ended: [] };
    for (const { id, state } of await (await session.network()).jobs()) {
      known[state === 'running' || state === 'pending' ? 'deployed' : 'ended'].push(id);
    }
    return known;
  };
}

/** The newest version that sensors report; undefined where nobody can tell, for the change itself needs no puller. */
export async function newestSeen(fleet: FleetClient): Promise<number | undefined> {
  return fleet.convergence(nothingDesired(), {}).then(
    ({ newest }) => newest,
    () => undefined,
  );
}

function clients(urls: string[], token: string, caFile: string | undefined): ConfigClient[] {
  const ca = caFile === undefined ? {} : { ca: readAuthority(caFile) };
  return urls.map((url) => new ConfigClient(url, { token, ...ca }));
}
