/** The running services that a command works on: those of `up`, or proxies and a puller anywhere. */
import type { SettingKey, Settings } from '../config/settings.js';
import { readCaFile } from '../lib/net/tls.js';
import { type ConfigTarget, knownJobs } from '../operations/config/config-target.js';
import { ConfigClient } from '../proxy/config-client.js';
import { FleetClient, type FleetReader } from '../puller/fleet-client.js';
import { openSession, operatorToken, type Session, viewingToken } from '../runtime/session.js';

export const TARGET_SETTINGS: SettingKey[] = ['stateDir', 'pullerUrl', 'proxies', 'token', 'viewerToken', 'tlsCa'];

/** With `--proxies` and `--puller-url` no `up` is needed here; else throws `NOT_UP` where none runs. */
export function openConfigTarget(settings: Settings): ConfigTarget {
  const { proxies, pullerUrl, tlsCa } = settings;
  if (proxies === undefined || pullerUrl === undefined) return targetOf(openSession(settings), settings);
  const viewing = viewingToken(settings);
  const token = operatorToken(settings) || viewing;
  return { proxies: clients(proxies, token, tlsCa), fleet: new FleetClient(pullerUrl, { token: viewing }) };
}

/** For the puller, which has the fleet view itself. Throws `NOT_UP` where the settings name no proxy and no `up` runs here. */
export function openTargetOf(fleet: FleetReader, settings: Settings): ConfigTarget {
  const { proxies, tlsCa } = settings;
  if (proxies === undefined) return { ...targetOf(openSession(settings), settings), fleet };
  return { proxies: clients(proxies, operatorToken(settings), tlsCa), fleet };
}

/** The proxies of the settings; throws `NOT_UP` where they name none and no `up` runs here. */
export function openProxies(settings: Settings): ConfigClient[] {
  const { proxies, tlsCa } = settings;
  if (proxies === undefined) return targetOf(openSession(settings), settings).proxies;
  return clients(proxies, operatorToken(settings), tlsCa);
}

/** The proxies of the settings, else the network's own and its service job. */
export function targetOf(
  session: Session,
  { proxies, tlsCa }: Settings,
): Required<ConfigTarget> & { fleet: FleetClient } {
  const { proxy, jobProxy } = session.state.endpoints;
  const urls = proxies ?? [proxy, ...(jobProxy === undefined ? [] : [jobProxy])];
  return {
    proxies: clients(urls, session.token, tlsCa ?? session.state.tlsCa),
    fleet: session.fleet,
    jobs: async () => knownJobs(await session.network()),
    nodes: async () => (await session.network()).nodes(),
  };
}

function clients(urls: string[], token: string, caFile: string | undefined): ConfigClient[] {
  const ca = caFile === undefined ? {} : { ca: readCaFile(caFile) };
  return urls.map((url) => new ConfigClient(url, { token, ...ca }));
}
