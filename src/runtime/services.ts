/**
 * Queue, proxy and puller as child processes of `up`, for networks that bring none of their own: each runs the same
 * command that a container or a service job runs.
 */
import { join } from 'node:path';
import { givenSettings, portWish, type Resolved } from '../config/resolve-settings.js';
import { type ServiceConfig, type ServiceName, serviceCommand } from '../config/service-config.js';
import { chooseServicePorts, type HostedWish } from '../lib/net/choose-service-ports.js';
import { reachableAt } from '../lib/net/http-server.js';
import { selfCommand } from '../lib/process/self-command.js';
import type { ChildSpec } from '../lib/process/supervisor.js';
import type { PlanContext, Services } from '../network/provider.js';
import { QUEUE_NAME } from '../queue/queue.js';

type Context = Pick<PlanContext, 'supervisor' | 'stateDir' | 'token' | 'sensorKey' | 'logging' | 'emit'>;

/** Chooses the ports; nothing is started yet. */
export async function planServices(
  settings: Resolved,
  { supervisor, stateDir, token, sensorKey, logging, emit }: Context,
): Promise<Services> {
  const { host } = settings.values;
  const ports = (await chooseServicePorts(servicePorts(settings), emit)) as unknown as ServicePorts;
  const configs = serviceConfigs(settings, { stateDir, token, sensorKey, logging, ports });
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
      await supervisor.stop(['proxy']);
      await supervisor.stop(['puller']);
      await supervisor.stop(['queue']);
    },
  };
}

/** The ports that the services ask for. */
export function servicePorts(settings: Resolved): Record<string, HostedWish> {
  const { host, queue } = settings.values;
  return {
    proxy: { ...portWish(settings, 'proxyPort', 'proxy'), host },
    puller: { ...portWish(settings, 'pullerPort', 'puller'), host },
    ...(queue === undefined ? { queue: portWish(settings, 'queuePort', 'queue') } : {}),
  };
}

interface ServicePorts {
  proxy: number;
  puller: number;
  /** Of the embedded queue server; left out where the settings name a queue. */
  queue?: number;
}

interface ServiceConfigs {
  proxy: ServiceConfig<'proxy'>;
  puller: ServiceConfig<'puller'>;
  queue?: ServiceConfig<'queue'>;
}

/** What each service is started with. */
export function serviceConfigs(
  settings: Resolved,
  {
    stateDir,
    token,
    sensorKey,
    logging,
    ports,
  }: Pick<PlanContext, 'stateDir' | 'token'> & {
    sensorKey?: string | undefined;
    logging?: PlanContext['logging'] | undefined;
    ports: ServicePorts;
  },
): ServiceConfigs {
  const { values, provenance } = settings;
  const { host, queueEndpoint, viewerToken, sensorToken, webhook } = values;
  const shared = {
    ...{ host, stateDir, token, viewerToken, ...logging },
    ...(ports.queue === undefined
      ? { queue: values.queue, queueEndpoint }
      : {
          queue: `${queueServerUrl(ports.queue)}/000000000000/${QUEUE_NAME}`,
          queueEndpoint: queueServerUrl(ports.queue),
          queueUnsigned: true,
        }),
    ...givenSettings(settings, ['awsRegion', 'allowedHosts']),
  };
  return {
    proxy: {
      ...shared,
      proxyPort: ports.proxy,
      sensorToken,
      sensorKey,
      ...givenSettings(settings, ['open', 'rateLimit', 'tlsCert', 'tlsKey', 'proxyUrl']),
    },
    puller: {
      ...shared,
      pullerPort: ports.puller,
      webhook,
      ...givenSettings(settings, ['pollers', 'alertAfter', 'retention', 'minuteRetention', 'hourRetention']),
      // The log sink would write every reading into a log file; `tail` shows them instead.
      sinks: provenance.sinks.source === 'default' ? ['store', 'alert'] : values.sinks,
    },
    ...(ports.queue === undefined
      ? {}
      : {
          queue: {
            // It checks no credentials, so it stays on loopback, wherever the others listen.
            host: '127.0.0.1',
            queuePort: ports.queue,
            data: join(stateDir, 'queue.db'),
            create: QUEUE_NAME,
            ...logging,
          },
        }),
  };
}

const queueServerUrl = (port: number) => `http://127.0.0.1:${port}`;

function childOf<Name extends ServiceName>(name: Name, config: ServiceConfig<Name>): ChildSpec {
  const { args, env } = serviceCommand(name, config);
  return { name, ...selfCommand(args), env, ready: 'ipc' };
}
