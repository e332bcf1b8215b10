/** The compose network: orchestrator, nodes, queue, proxy and puller as containers of one Docker Compose project. */
import { givenSettings, portWish, type Resolved } from '../../config/resolve-settings.js';
import { serviceFlags } from '../../config/service-config.js';
import type { SettingKey } from '../../config/settings.js';
import { usageError } from '../../lib/errors/app-error.js';
import type { NetworkProvider } from '../provider.js';
import { clientContainer } from './client-container.js';
import { type ComposeConnection, composeConnectionSchema } from './compose-connection.js';
import { createComposeNetwork } from './compose-network.js';
import { removeUnknownOrphans } from './compose-orphans.js';
import type { ComposeSettings } from './compose-plan.js';
import { SERVICES_NODE } from './compose-proxies.js';
import { composeService, composeServiceUrl } from './compose-services.js';
import { removeVolumes } from './compose-volumes.js';
import { writeExtras, writeNetworkFiles } from './network-folder.js';
import { planCompose } from './plan-compose.js';

export const composeProvider: NetworkProvider<ComposeConnection> = {
  kind: 'compose',
  summary: 'containers of this machine',
  capabilities: {
    unsupported: {
      // Containers listen where their network is, and their ports on this machine are those of loopback.
      settings: ['host', 'tlsCert', 'tlsKey', 'tlsCa', 'proxyUrl'],
      hint: 'Leave it out. To serve other machines put a reverse proxy, which can also speak TLS, before the published port.',
    },
  },
  connectionSchema: composeConnectionSchema,
  plan: (settings, context) => planCompose(context, composeSettings(settings)),
  open: createComposeNetwork,
  cleanUp: removeUnknownOrphans,
  removeData: (stateDir, connection) => removeVolumes(stateDir, connection?.project.name),
  async serviceJob(role, connection, { settings, image, onProgress }) {
    refuseJobSettings(role, settings);
    const queue = settings.provenance.queue.source === 'flag' ? settings.values.queue : undefined;
    onProgress('bringing the image to the registry');
    const job = await composeService(role, connection, { image, queue });
    return { job, url: composeServiceUrl(role, connection), follows: true, proxyName: SERVICES_NODE };
  },
  shell(connection, { command, tty }) {
    const words = command.length > 0 ? command : ['bash'];
    return { program: 'docker', args: ['exec', tty ? '-it' : '-i', clientContainer(connection.project), ...words] };
  },
  async render(folder, { nodesPerRegion }) {
    const files = await writeNetworkFiles(folder, {
      nodesPerRegion,
      dockerInside: 'privileged',
      embeddedQueue: true,
      heading: [
        `Made by \`wasm-sensors render --nodes ${nodesPerRegion}\` from templates/compose.yaml.`,
        'Start it with: docker compose up -d   (`.env.template` explains the variables; copy it to `.env`)',
      ],
    });
    return [...files, ...(await writeExtras(folder))];
  },
};

function composeSettings(settings: Resolved): ComposeSettings {
  const { queue, queueEndpoint, awsRegion, webhook, allowedHosts } = settings.values;
  const wishes = {
    PROXY_PORT: portWish(settings, 'proxyPort', 'proxy'),
    PULLER_PORT: portWish(settings, 'pullerPort', 'puller'),
    QUEUE_PORT: portWish(settings, 'queuePort', 'queue'),
    API_PORT: portWish(settings, 'apiPort', 'API of Bacalhau'),
    NATS_PORT: portWish(settings, 'natsPort', "orchestrator's node port"),
    WEBUI_PORT: portWish(settings, 'webUiPort', 'web page of Bacalhau'),
  };
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(queueEndpoint === undefined ? {} : { queueEndpoint }),
    ...(awsRegion === undefined ? {} : { awsRegion }),
    ...(webhook === undefined ? {} : { webhook }),
    folder: process.cwd(),
    // Other ports come from variables of the compose file.
    ports: Object.fromEntries(Object.entries(wishes).filter(([, { explicit }]) => explicit)),
    proxyArgs: serviceFlags('proxy', givenSettings(settings, ['rateLimit', 'awsRegion'])),
    pullerArgs: serviceFlags(
      'puller',
      givenSettings(settings, ['sinks', 'pollers', 'alertAfter', 'retention', 'awsRegion']),
    ),
    allowedHosts: allowedHosts ?? [],
  };
}

const FIXED_BY_UP: SettingKey[] = ['queueEndpoint', 'awsRegion', 'open', 'follow'];

/** Throws `OPTION_NOT_OFFERED` for flags that a service job of this network would not follow. */
function refuseJobSettings(role: string, { provenance }: Resolved): void {
  const given = FIXED_BY_UP.filter((key) => provenance[key].source === 'flag').map((key) => provenance[key].name);
  if (given.length === 0) return;
  throw usageError(
    'OPTION_NOT_OFFERED',
    `on the compose network \`deploy ${role}\` does not offer ${given.join(', ')}`,
    'The job gets what `up` was given; the port is that of the network (PROXY_JOB_PORT, PULLER_JOB_PORT).',
  );
}
