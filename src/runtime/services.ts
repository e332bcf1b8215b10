/**
 * Queue, proxy and puller as child processes of `up`, for networks that bring none of their own: each runs the same
 * command that a container or a service job runs.
 */
import { join } from 'node:path';
import { givenSettings, portWish, type Resolved } from '../config/resolve-settings.js';
import { type ServiceConfig, type ServiceName, serviceCommand } from '../config/service-config.js';
import { choosePorts, type PortWish } from '../lib/net/choose-port.js';
import { reachableAt } from '../lib/net/http-server.js';
import { selfCommand } from '../lib/process/self-command.js';
import type { ChildSpec } from '../lib/process/supervisor.js';
import type { PlanContext, Services } from '../network/provider.js';
import { QUEUE_NAME } from '../queue/queue.js';

type Context = Pick<PlanContext, 'stateDir' | 'token'> & Partial<Pick<PlanContext, 'sensorKey' | 'logging'>>;

/** Chooses the ports; nothing is started yet. */
export async function planServices(
  settings: Resolved,
  { supervisor, emit, ...context }: Context & Pick<PlanContext, 'supervisor' | 'emit'>,
): Promise<Services> {
  const { host } = settings.values;
  const ports = await choosePorts(servicePorts(settings), emit);
  const configs = serviceConfigs(settings, ports, context);
  const puller = childOf('puller', configs.puller);
  const children = [
    ...(configs.queue ? [childOf('queue', configs.queue)] : []),
    childOf('proxy', configs.proxy),
    puller,
  ];
  const pullerUrl = reachableAt('http', host, ports.puller);
  return {
    endpoints: {
      proxy: reachableAt(configs.proxy.tlsCert === undefined ? 'http' : 'https', host, ports.proxy),
      puller: pullerUrl,
      ...(ports.queue === undefined ? {} : { queue: queueServerUrl(ports.queue) }),
    },
    async start() {
      await Promise.all(children.map((child) => supervisor.start(child)));
    },
    async movePuller(url) {
      if (url !== null) {
        await supervisor.stop([puller.name]);
        return url;
      }
      if (!supervisor.running.some(({ name }) => name === puller.name)) await supervisor.start(puller);
      return pullerUrl;
    },
    async stop() {
      for (const name of ['proxy', 'puller', 'queue']) await supervisor.stop([name]);
    },
  };
}

/** The ports that the services ask for. Where the settings name a queue, there is no queue server. */
export function servicePorts(settings: Resolved): { proxy: PortWish; puller: PortWish; queue?: PortWish } {
  const { host, queue } = settings.values;
  return {
    proxy: { ...portWish(settings, 'proxyPort', 'proxy'), host },
    puller: { ...portWish(settings, 'pullerPort', 'puller'), host },
    ...(queue === undefined ? { queue: portWish(settings, 'queuePort', 'queue') } : {}),
  };
}

export function serviceConfigs(
  settings: Resolved,
  ports: { proxy: number; puller: number; queue?: number },
  { stateDir, token, sensorKey, logging }: Context,
): { [Name in 'proxy' | 'puller']: ServiceConfig<Name> } & { queue?: ServiceConfig<'queue'> } {
  const { values, provenance } = settings;
  const { host, queueEndpoint, viewerToken, sensorToken, webhook } = values;
  const server = ports.queue === undefined ? undefined : queueServerUrl(ports.queue);
  const shared = {
    host,
    stateDir,
    token,
    viewerToken,
    ...logging,
    ...(server === undefined
      ? { queue: values.queue, queueEndpoint }
      : { queue: `${server}/000000000000/${QUEUE_NAME}`, queueEndpoint: server, queueUnsigned: true }),
    ...givenSettings(settings, ['awsRegion', 'allowedHosts', 'shards']),
  };
  const proxy = {
    ...shared,
    proxyPort: ports.proxy,
    sensorToken,
    sensorKey,
    // Nobody but this puller reads our own queue.
    ...(server === undefined ? {} : { pack: true }),
    ...givenSettings(settings, ['open', 'rateLimit', 'tlsCert', 'tlsKey', 'proxyUrl', 'store']),
  };
  const puller: ServiceConfig<'puller'> = {
    ...shared,
    pullerPort: ports.puller,
    webhook,
    ...givenSettings(settings, ['store', 'pollers', 'alertAfter', 'retention', 'minuteRetention', 'hourRetention']),
    // The log sink would write every reading into a log file; `tail` shows them instead.
    sinks: provenance.sinks.source === 'default' ? ['store', 'alert'] : values.sinks,
  };
  if (ports.queue === undefined) return { proxy, puller };
  // It checks no credentials, so it stays on loopback, wherever the others listen.
  const onLoopback = { host: '127.0.0.1', queuePort: ports.queue };
  const own = { data: join(stateDir, 'queue.db'), create: QUEUE_NAME, ...givenSettings(settings, ['shards']) };
  return { proxy, puller, queue: { ...onLoopback, ...own, ...logging } };
}

const queueServerUrl = (port: number) => `http://127.0.0.1:${port}`;

function childOf<Name extends ServiceName>(name: Name, config: ServiceConfig<Name>): ChildSpec {
  const { args, env } = serviceCommand(name, config);
  return { name, ...selfCommand(args), env, ready: 'ipc' };
}
