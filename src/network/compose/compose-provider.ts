/** The compose network: orchestrator, nodes, queue, proxy and puller as containers of one Docker Compose project. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requireEngine } from '../../docker/docker-cli.js';
import { removeOwned, removeOwnedVolumes } from '../../docker/owned-objects.js';
import { messageOf } from '../../lib/errors/app-error.js';
import type { NetworkProvider, Removal } from '../provider.js';
import {
  type ComposeConnection,
  clientContainer,
  composeConnectionSchema,
  createComposeNetwork,
} from './compose-network.js';
import { planServiceJob } from './compose-service-job.js';
import { writeExtras, writeNetworkFiles } from './document/network-folder.js';
import { writeOwnTokens } from './document/node-tokens.js';
import { composeNeeds, planCompose } from './plan.js';

export const composeProvider: NetworkProvider<ComposeConnection> = {
  kind: 'compose',
  capabilities: {
    givesNodesTokens: true,
    demoNodes: 2,
    unsupported: {
      // Containers listen where their network is, and their ports on this machine are those of loopback.
      settings: ['host', 'store', 'tlsCert', 'tlsKey', 'tlsCa', 'proxyUrl'],
      hint: 'Omit it. To serve other machines put a reverse proxy, which can also speak TLS, before the published port.',
    },
  },
  connectionSchema: composeConnectionSchema,
  needs: composeNeeds,
  plan: planCompose,
  open: createComposeNetwork,
  cleanUp: (stateDir) => withEngine(stateDir, removeOwned),
  // What other folders created is kept, even if this network used it.
  removeData: (stateDir) => withEngine(stateDir, removeOwnedVolumes),
  serviceJob: planServiceJob,
  shell(connection, { command, tty }) {
    const words = command.length > 0 ? command : ['bash'];
    return { program: 'docker', args: ['exec', tty ? '-it' : '-i', clientContainer(connection.project), ...words] };
  },
  async render(folder, { nodesPerRegion, relays }) {
    const files = await writeNetworkFiles(folder, {
      nodesPerRegion,
      dockerInside: 'privileged',
      embeddedQueue: true,
      relays,
      heading: [
        `Made by \`wasm-sensors render --nodes ${nodesPerRegion}${relays ? ' --relays' : ''}\` from templates/compose.yaml.`,
        'Start it with: docker compose up -d   (`.env` holds the variables, which it explains, and the nodes’ tokens)',
      ],
    });
    return [...files, ...writeExtras(folder), ...writeOwnTokens(folder, { nodesPerRegion, relays })];
  },
};

/** Without an engine there is nothing to remove. It is reported only where a compose network has been. */
async function withEngine(stateDir: string, remove: (stateDir: string) => Promise<Removal>): Promise<Removal> {
  try {
    await requireEngine();
  } catch (error) {
    const kept = `what Docker has of this folder: ${messageOf(error)}`;
    return { removed: [], kept: existsSync(join(stateDir, 'compose')) ? [kept] : [] };
  }
  return remove(stateDir);
}
