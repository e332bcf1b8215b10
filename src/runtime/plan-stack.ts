/** From settings to a stack that can be started. */
import { join, resolve } from 'node:path';
import { givenSettings, type Resolved } from '../config/resolve-settings.js';
import { keysOf, SECTIONS, type SettingKey, type Settings } from '../config/settings.js';
import { AppError } from '../lib/errors/app-error.js';
import { keepToken } from '../lib/net/bearer-token.js';
import { isSelfSigned, readCaFile, readKeyPair } from '../lib/net/tls.js';
import { valueWithoutSecrets } from '../lib/net/url-secrets.js';
import { type ChildEvent, Supervisor } from '../lib/process/supervisor.js';
import type { NetworkEvent, NetworkProvider, PlanContext } from '../network/provider.js';
import { loadAllProviders, loadProvider } from '../network/registry.js';
import { ProxyClient } from '../proxy/proxy-client.js';
import { tokenFileOf } from './run-state.js';
import { keepSensorKeys } from './sensor-key.js';
import { planServices } from './services.js';
import { Stack } from './stack.js';
import { markOfChild } from './up-children.js';

/**
 * Chooses ports and checks settings; nothing is started yet. Rejects with `OPTION_NOT_OFFERED` for settings that would not be followed. `registry`: of `up --registry`; `onStop` is called when another
 * terminal asks `up` to stop. Resolves also with the operator token, and with the PEM of the private authority of an https proxy
 * (`ca`).
 */
export async function planStack(
  settings: Resolved,
  { registry, emit, onStop }: { registry: boolean; emit(event: ChildEvent | NetworkEvent): void; onStop(): void },
) {
  const { values } = settings;
  const provider = await loadProvider(values.network);
  const { settings: refused = [], hint = '' } = provider.capabilities.unsupported ?? {};
  const given = refused.filter((key) => settings.provenance[key].source !== 'default');
  if (given.length > 0) throw notOffered(settings, provider, given, hint);
  const ofOthers = OF_SOME_NETWORKS.filter(
    (key) => settings.provenance[key].source === 'flag' && !provider.capabilities.follows?.includes(key),
  );
  if (ofOthers.length > 0) throw notOffered(settings, provider, ofOthers, await otherNetworks(ofOthers));
  if (registry && !provider.serviceJob) {
    throw new AppError('OPTION_NOT_OFFERED', `the ${provider.kind} network does not offer --registry`, {
      hint: 'It is for service jobs, which run with --network compose.',
    });
  }
  if (values.store === 'postgres' && !provider.capabilities.runsPostgres) {
    throw new AppError('OPTION_NOT_OFFERED', `the ${provider.kind} network runs no database server`, {
      hint: 'Name yours: --store postgres://user@host/database.',
    });
  }
  const stateDir = resolve(values.stateDir);
  const supervisor = new Supervisor(join(stateDir, 'logs'), (name) => markOfChild(name, stateDir));
  supervisor.on('event', emit);
  const token = values.token ?? keepToken(tokenFileOf(stateDir));
  const tlsCa = authorityFile(values);
  const ca = tlsCa === undefined ? {} : { tlsCa };
  const ownKey = () => (provider.capabilities.givesNodesTokens ? keepSensorKeys(stateDir) : undefined);
  const key = values.sensorToken === undefined ? (values.sensorKey ?? ownKey()) : undefined;
  const context: PlanContext = {
    ...ca,
    supervisor,
    stateDir,
    token,
    registry,
    relays: values.relays,
    emit,
    nodesPerRegion: values.nodes,
    logging: givenSettings(settings, ['logLevel', 'logFormat']),
    ...givenSettings(settings, ['rateLimit', 'viewerToken']),
    // One token for all sensors where one is set; else a key for tokens of single nodes, where the network can give them.
    sensorEnv: values.sensorToken === undefined ? {} : { SENSOR_TOKEN: values.sensorToken },
    ...(key === undefined ? {} : { sensorKey: key }),
  };
  const plan = await provider.plan(settings, context);
  const services = plan.services ?? (await planServices(settings, context));
  const { queue, queueEndpoint, awsRegion, shards } = values;
  const stack = new Stack({
    ...ca,
    provider,
    plan,
    services,
    supervisor,
    stateDir,
    token,
    proxyUrl: values.proxyUrl ?? services.endpoints.proxy,
    // Without a password.
    queue: { queue: valueWithoutSecrets(queue), queueEndpoint: valueWithoutSecrets(queueEndpoint), awsRegion, shards },
    onStop,
  });
  const authority = tlsCa === undefined ? {} : { ca: readCaFile(tlsCa) };
  const proxy = new ProxyClient(services.endpoints.proxy, { token, ...authority });
  return { stack, provider, endpoints: services.endpoints, proxy, token, ...authority };
}

/** Variables of theirs may be there all the time, for `bacalhau` itself, too: only flags are refused. */
const OF_SOME_NETWORKS: SettingKey[] = [...keysOf(SECTIONS['Bacalhau:']), 'natsPort', 'webUiPort', 'tokenInJob'];

function notOffered({ provenance }: Resolved, { kind }: NetworkProvider, keys: SettingKey[], hint: string): AppError {
  const names = keys.map((key) => provenance[key].name).join(', ');
  return new AppError('OPTION_NOT_OFFERED', `the ${kind} network does not offer ${names}`, { hint });
}

async function otherNetworks(keys: SettingKey[]): Promise<string> {
  const all = await loadAllProviders();
  const offering = all.filter(({ capabilities: { follows = [] } }) => keys.every((key) => follows.includes(key)));
  return offering.length > 0 ? `Give --network ${offering.map(({ kind }) => kind).join(' or ')}, or leave it out.` : '';
}

/**
 * File of the private authority that signed the proxy's certificate, if there is one. Throws as `lib/net/tls.ts` does.
 */
function authorityFile({ tlsCa, tlsCert, tlsKey }: Settings): string | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) readKeyPair(tlsCert, tlsKey);
  if (tlsCa !== undefined) {
    readCaFile(tlsCa);
    return resolve(tlsCa);
  }
  return tlsCert !== undefined && isSelfSigned(tlsCert) ? resolve(tlsCert) : undefined;
}
