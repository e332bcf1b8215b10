/** Somebody's cluster as every terminal uses it. */

import type { ApiAddress } from '../bacalhau/cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/client.js';
import { type BacalhauNetworkOptions, createBacalhauNetwork } from '../bacalhau/network.js';
import { submitJob } from '../bacalhau/submit.js';
import { builtModule } from '../jobs/modules.js';
import type { JobRequest, Network, Submission } from '../network.js';
import type { NetworkFacts } from '../run-state.js';
import { type RemoteFacts, remoteFactsSchema } from './facts.js';
import { readForwarding, wasRefused, writeForwarding } from './forwarding.js';
import { type RemoteSecrets, readSecrets } from './secrets.js';

const NOT_FORWARDED = 'the nodes may not forward HOSTNAME to jobs: sensors are named by their executions';

/** @param facts what the runner's `start` left, beside the secrets in the state folder */
export function createRemoteNetwork(facts: NetworkFacts, stateDir: string): Network {
  const parsed = remoteFactsSchema.parse(facts);
  const base = optionsOf(parsed, stateDir, readSecrets(stateDir));
  return { ...createBacalhauNetwork(base), submit: (request) => submit(request, base) };
}

export function createRemoteClient(
  facts: RemoteFacts,
  stateDir: string,
  { credentials }: RemoteSecrets,
): BacalhauClient {
  const api: ApiAddress = { ...facts.api, ...(credentials ? { credentials } : {}) };
  return createBacalhauClient({ path: facts.bacalhau, stateDir, api });
}

function optionsOf(facts: RemoteFacts, stateDir: string, secrets: RemoteSecrets): BacalhauNetworkOptions {
  return {
    kind: 'remote',
    client: createRemoteClient(facts, stateDir, secrets),
    stateDir,
    surroundings: {
      module: builtModule,
      forwarded: {
        edge: ['HOSTNAME'],
        updater: [],
        services: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'],
      },
      given: secrets.sensorEnv,
    },
    sensorProxyUrl: () => facts.proxyUrl,
  };
}

/** With HOSTNAME where the nodes forward it; the first submission finds out, and later ones know. */
async function submit(request: JobRequest, options: BacalhauNetworkOptions): Promise<Submission> {
  const { stateDir, client, surroundings } = options;
  const without = { ...options, surroundings: { ...surroundings, forwarded: { ...surroundings.forwarded, edge: [] } } };
  const known = readForwarding(stateDir);
  if (known === 'no') return submitJob(request, without);
  const submission = await submitJob(request, options);
  if (known === 'yes' || request.role !== 'publisher' || submission.unchanged) return submission;
  const refused = await wasRefused(client, submission.jobId);
  writeForwarding(stateDir, refused ? 'no' : 'yes');
  if (!refused) return submission;
  return { ...(await submitJob(request, without)), notes: [NOT_FORWARDED] };
}
