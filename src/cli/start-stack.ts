/** From settings to a stack that can be started. */
import { join, resolve } from 'node:path';
import { SETTINGS, type SettingKey } from '../config/settings.js';
import { usageError } from '../lib/errors/app-error.js';
import { keepToken } from '../lib/net/bearer-token.js';
import type { PortWish } from '../lib/net/ports.js';
import { isSelfSigned, readAuthority, readKeyPair } from '../lib/net/tls.js';
import { type ChildEvent, Supervisor } from '../lib/process/supervisor.js';
import type { NetworkEvent } from '../network/provider.js';
import { createRunner } from '../network/registry.js';
import { sensorEnv } from '../network/remote/api-address.js';
import { ConfigClient } from '../proxy/config-client.js';
import { tokenFileOf } from '../runtime/run-state.js';
import { planServices } from '../runtime/services.js';
import { Stack } from '../runtime/stack.js';
import type { CommandContext } from './command.js';
import { askedFor } from './up-settings.js';

export interface PlannedStack {
  stack: Stack;
  supervisor: Supervisor;
  endpoints: { proxy: string; puller: string };
  proxy: ConfigClient;
}

export async function planStack(
  command: CommandContext,
  emit: (event: ChildEvent | NetworkEvent) => void,
  onStop: () => void,
): Promise<PlannedStack> {
  const { settings, provenance, options } = command;
  if (settings.network === 'compose') refuseNotOffered(provenance);
  const stateDir = resolve(settings.stateDir);
  const supervisor = new Supervisor(join(stateDir, 'logs'));
  supervisor.on('event', emit);
  const token = settings.token ?? keepToken(tokenFileOf(stateDir));
  const wish = (
    key: 'proxyPort' | 'pullerPort' | 'queuePort' | 'apiPort' | 'natsPort' | 'webUiPort',
    purpose: string,
  ): PortWish => {
    const { source, name } = provenance[key];
    const flag = source === 'flag' || source === 'default' ? SETTINGS[key].flag.split(' ')[0]! : name;
    return { port: settings[key], explicit: source !== 'default', purpose, flag };
  };
  const ports = {
    proxy: wish('proxyPort', 'proxy'),
    puller: wish('pullerPort', 'puller'),
    queue: wish('queuePort', 'queue'),
  };
  const bacalhauPorts = {
    api: wish('apiPort', 'API of Bacalhau'),
    nats: wish('natsPort', "orchestrator's node port"),
    webUi: wish('webUiPort', 'web page of Bacalhau'),
  };
  const queue = {
    ...(settings.queue === undefined ? {} : { queue: settings.queue }),
    ...(settings.queueEndpoint === undefined ? {} : { queueEndpoint: settings.queueEndpoint }),
  };
  const forSensors = sensorEnv(settings);
  const tlsCa = authorityFile(settings);
  const ca = tlsCa === undefined ? {} : { tlsCa };
  const context = { ...ca, supervisor, stateDir, nodesPerRegion: settings.nodes, token, sensorEnv: forSensors, emit };
  const pullerArgs = passOn(settings, provenance, [
    ...(['sinks', 'pollers', 'alertAfter', 'retention', 'awsRegion'] as const),
  ]);

  const plan = async () => {
    if (settings.network === 'compose') {
      const { planCompose } = await import('../network/compose/plan-compose.js');
      const { proxy, puller, queue: queuePort } = ports;
      const wishes = {
        PROXY_PORT: proxy,
        PULLER_PORT: puller,
        QUEUE_PORT: queuePort,
        API_PORT: bacalhauPorts.api,
        NATS_PORT: bacalhauPorts.nats,
        WEBUI_PORT: bacalhauPorts.webUi,
      };
      return planCompose(context, {
        ...queue,
        ...(settings.awsRegion === undefined ? {} : { awsRegion: settings.awsRegion }),
        ...(settings.webhook === undefined ? {} : { webhook: settings.webhook }),
        folder: process.cwd(),
        ports: Object.fromEntries(Object.entries(wishes).filter(([, { explicit }]) => explicit)),
        proxyArgs: passOn(settings, provenance, ['rateLimit', 'awsRegion']),
        pullerArgs,
        allowedHosts: settings.allowedHosts ?? [],
        registry: options.registry === true,
      });
    }
    const centre = await planServices({
      ...queue,
      supervisor,
      stateDir,
      host: settings.host,
      ports,
      env: {
        ...{ WASM_SENSORS_TOKEN: token, ...forSensors },
        // Whoever knows the URL may post there, so it is in no argument.
        ...(settings.webhook === undefined ? {} : { WASM_SENSORS_WEBHOOK: settings.webhook }),
      },
      proxyArgs: passOn(settings, provenance, [
        ...(['open', 'rateLimit', 'tlsCert', 'tlsKey', 'awsRegion', 'proxyUrl', 'allowedHosts'] as const),
      ]),
      // The log sink would write every reading into a log file; `tail` shows them instead.
      pullerArgs: [
        ...pullerArgs,
        ...passOn(settings, provenance, ['allowedHosts']),
        ...(provenance.sinks.source === 'default' ? ['--sinks', 'store,alert'] : []),
      ],
      emit,
    });
    const runner = await createRunner(
      settings.network,
      settings,
      { ...context, proxyUrl: settings.proxyUrl ?? centre.endpoints.proxy },
      bacalhauPorts,
    );
    return { centre, runner };
  };
  const { centre, runner } = await plan();
  const stack = new Stack({
    ...ca,
    stateDir,
    kind: settings.network,
    token,
    settings: askedFor(command),
    supervisor,
    centre,
    runner,
    onStop,
  });
  const authority = tlsCa === undefined ? {} : { ca: readAuthority(tlsCa) };
  const proxy = new ConfigClient(centre.endpoints.proxy, { token, ...authority });
  return { stack, supervisor, endpoints: centre.endpoints, proxy };
}

/** The file of the authority that vouches for the proxy; undefined where the usual ones do. Throws as `lib/net/tls.ts` does. */
function authorityFile({ tlsCa, tlsCert, tlsKey }: CommandContext['settings']): string | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) readKeyPair(tlsCert, tlsKey);
  if (tlsCa !== undefined) {
    readAuthority(tlsCa);
    return resolve(tlsCa);
  }
  return tlsCert !== undefined && isSelfSigned(tlsCert) ? resolve(tlsCert) : undefined;
}

/** Containers listen where their network is, and the ports of this machine are loopback's; nothing here would do these. */
const NOT_ON_COMPOSE: SettingKey[] = ['host', 'tlsCert', 'tlsKey', 'tlsCa', 'proxyUrl'];

/** Throws `NOT_OFFERED` for what was asked for and would be left undone. */
function refuseNotOffered(provenance: CommandContext['provenance']): void {
  const asked = NOT_ON_COMPOSE.filter((key) => provenance[key].source !== 'default');
  if (asked.length === 0) return;
  const names = asked.map((key) => provenance[key].name).join(', ');
  throw usageError(
    'NOT_OFFERED',
    `the compose network does not offer ${names}`,
    'Leave it out. To serve other machines put a reverse proxy, which can also speak TLS, before the published port.',
  );
}

/** Settings that were given, as flags for a child, whose own environment and files might say something else. */
function passOn(
  settings: CommandContext['settings'],
  provenance: CommandContext['provenance'],
  keys: SettingKey[],
): string[] {
  return keys.flatMap((key) => {
    if (provenance[key].source === 'default') return [];
    const flag = SETTINGS[key].flag.split(' ')[0]!;
    const value = settings[key];
    if (value === true) return [flag];
    return value === false || value === undefined ? [] : [flag, String(value)];
  });
}
