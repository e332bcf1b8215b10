/** What commands work on: the services of `up`, proxies and a puller anywhere, the store, the logs. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { passwordProblem } from '../config/resolve-settings.js';
import type { SettingKey, Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import { readCaFile } from '../lib/net/tls.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';
import { type ConfigTarget, knownJobs } from '../operations/config/config-target.js';
import type { DeployTarget } from '../operations/deploy/deploy-publisher.js';
import type { LogsTarget } from '../operations/logs/read-logs.js';
import { ProxyClient } from '../proxy/proxy-client.js';
import type { FleetClient, FleetReader } from '../puller/fleet-client.js';
import { readRunState } from '../runtime/run-state.js';
import { openFleet, openSession, operatorToken, type Session, viewingToken } from '../runtime/session.js';
import { isPostgres } from '../store/location.js';
import type { CommandContext } from './command.js';
import * as option from './options.js';

export const TARGET_SETTINGS: SettingKey[] = ['stateDir', 'pullerUrl', 'proxies', 'token', 'viewerToken', 'tlsCa'];

/**
 * With `--proxies` and `--puller-url` no `up` is needed here; else throws `NOT_UP` where none runs. `own`: the fleet view
 * of the puller that asks.
 */
export function openConfigTarget(settings: Settings, own?: FleetReader): ConfigTarget {
  const fleet = own ?? (settings.pullerUrl === undefined ? undefined : openFleet(settings));
  if (settings.proxies !== undefined && fleet) return { proxies: openProxies(settings), fleet };
  return { ...targetOf(openSession(settings), settings), ...(fleet ? { fleet } : {}) };
}

/** The proxies of the settings; throws `NOT_UP` where they name none and no `up` runs here. */
export function openProxies(settings: Settings): ProxyClient[] {
  const { proxies, tlsCa } = settings;
  if (proxies === undefined) return targetOf(openSession(settings), settings).proxies;
  return clients(proxies, operatorToken(settings) || viewingToken(settings), tlsCa);
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

function clients(urls: string[], token: string, caFile: string | undefined): ProxyClient[] {
  const ca = caFile === undefined ? {} : { ca: readCaFile(caFile) };
  return urls.map((url) => new ProxyClient(url, { token, ...ca }));
}

export async function openDeployTarget(session: Session, settings: Settings): Promise<DeployTarget> {
  const { proxies, fleet } = targetOf(session, settings);
  return { network: await session.network(), fleet, proxy: proxies[0]!, stateDir: settings.stateDir };
}

/** The logs of the state folder, whether or not something runs there. */
export function logsTarget(settings: Settings): LogsTarget {
  return {
    folder: join(resolve(settings.stateDir), 'logs'),
    network: async () => {
      try {
        return await openSession(settings).network();
      } catch {
        // Nothing runs, or it is not ready: there are only files.
        return undefined;
      }
    },
  };
}

export const storeOption = () =>
  option.value(
    '--store <file-or-url>',
    'read this store (a file, or a PostgreSQL database), instead of asking the puller; `up` need not run',
    option.text,
  );

type StoreOptions = { store: ReturnType<typeof storeOption> };

/** The store that a command asks: the puller's, or a file. Of a network that is down, the one in the state folder. */
export function storeTarget({ settings, options, out }: CommandContext<StoreOptions>): FleetClient | string {
  if (options.store !== undefined) {
    const problem = passwordProblem(options.store);
    if (problem !== undefined) throw new AppError('BAD_OPTION', `--store ${problem}`);
    return isPostgres(options.store) ? options.store : resolve(options.store);
  }
  const stateDir = resolve(settings.stateDir);
  const isDown = settings.pullerUrl === undefined && !readRunState(stateDir)?.alive;
  const file = join(stateDir, 'readings.db');
  const left = settings.store === 'sqlite' ? file : settings.store;
  if (isDown && left !== 'postgres' && (left !== file || existsSync(file))) {
    const shown = left === file ? join(settings.stateDir, 'readings.db') : withoutSecrets(left);
    out.note(`no network is up in this folder; reading ${shown}`);
    return left;
  }
  return openFleet(settings);
}
