/** A cluster that exists already, as every terminal uses it. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { JobRequest } from '../../jobs/job-request.js';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import { readModule } from '../../modules/module-files.js';
import { modulePath } from '../../modules/module-path.js';
import type { ApiAddress } from '../bacalhau/bacalhau-cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { type BacalhauNetworkOptions, createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import { findRunning, restoreReplaced, submitJob } from '../bacalhau/submit-job.js';
import type { Network, Submission } from '../network.js';
import type { OpenContext } from '../provider.js';
import { hostnameForwarded, keepHostnameForwarded, wasRefused } from './hostname-forwarding.js';

/** What another terminal needs to know to use it; part of `run.json`. No credentials. */
export const remoteConnectionSchema = z.object({
  /** Path of the program here. */
  bacalhau: z.string(),
  api: z.object({
    host: z.string(),
    port: z.number(),
    tls: z.object({ caFile: z.string().exactOptional(), insecure: z.boolean().exactOptional() }).exactOptional(),
  }),
  /** Where sensors find the proxy. */
  proxyUrl: z.string(),
  /** Variables that sensors need. */
  forSensors: z.array(z.string()),
  /** They go into the job, where every user of the cluster can read them; else its nodes must have them. */
  tokenInJob: z.boolean(),
});

export type RemoteConnection = z.output<typeof remoteConnectionSchema>;

/** Secrets come from the state folder. */
export function createRemoteNetwork(
  connection: RemoteConnection,
  { stateDir, token }: Pick<OpenContext, 'stateDir' | 'token'>,
): Network {
  const base = optionsOf(connection, { stateDir, token }, readSecrets(stateDir));
  return {
    ...createBacalhauNetwork(base),
    submit: (request) =>
      submit(request, { ...base, api: connection.api, needed: connection.tokenInJob ? [] : connection.forSensors }),
  };
}

export function createRemoteClient(
  connection: RemoteConnection,
  stateDir: string,
  { credentials }: RemoteSecrets,
): BacalhauClient {
  const api: ApiAddress = { ...connection.api, ...(credentials ? { credentials } : {}) };
  return createBacalhauClient({ path: connection.bacalhau, stateDir, api });
}

function optionsOf(
  connection: RemoteConnection,
  { stateDir, token }: Pick<OpenContext, 'stateDir' | 'token'>,
  secrets: RemoteSecrets,
): BacalhauNetworkOptions {
  return {
    kind: 'remote',
    client: createRemoteClient(connection, stateDir, secrets),
    stateDir,
    environment: {
      module: readModule,
      moduleUrl: (_, sha256) => `${connection.proxyUrl}${modulePath(sha256, token)}`,
      forwarded: {
        edge: ['HOSTNAME'],
        updater: [],
        services: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'],
      },
      given: secrets.sensorEnv,
    },
    sensorProxyUrl: () => connection.proxyUrl,
  };
}

/**
 * With HOSTNAME where the nodes forward it: submissions find out, and later ones know. `needed`: variables without which
 * sensors can't send; rejects with `TOKEN_NOT_FORWARDED` where the nodes do not forward them.
 */
async function submit(request: JobRequest, options: RemoteSubmitOptions): Promise<Submission> {
  if (request.role !== 'publisher' && request.role !== 'module') return submitJob(request, options);
  const { stateDir, client, environment, api, needed } = options;
  const place = { stateDir, api, region: request.region };
  const forwarding = (edge: string[]) => ({
    ...options,
    environment: { ...environment, forwarded: { ...environment.forwarded, edge } },
  });
  const refused = async ({ unchanged, jobId }: Submission) => !unchanged && (await wasRefused(client, jobId));

  const known = hostnameForwarded(place);
  // No sensor is replaced just to find out: readings that it keeps for its proxy would be lost.
  const runs = known === undefined && (await findRunning(request, forwarding(needed)));
  if (runs) return runs;
  let first: Submission | undefined;
  if (known !== false) {
    first = await submitJob(request, forwarding(['HOSTNAME', ...needed]));
    if (!(await refused(first))) {
      keepHostnameForwarded(place, true);
      return first;
    }
  }
  const second = await submitJob(request, forwarding(needed));
  // What the first try replaced.
  const submission = first?.replaced ? { ...second, replaced: first.replaced } : second;
  if (needed.length > 0 && (await refused(submission))) {
    await client.stopJob(submission.jobId);
    if (submission.replaced) await restoreReplaced(submission, client);
    throw notForwarded(needed);
  }
  if (known === false) return submission;
  keepHostnameForwarded(place, false);
  const { region } = request;
  return { ...submission, facts: [...submission.facts, { type: 'hostname.not-forwarded', region }] };
}

interface RemoteSubmitOptions extends BacalhauNetworkOptions {
  api: RemoteConnection['api'];
  needed: string[];
}

function notForwarded(names: string[]): AppError {
  const text = names.join(', ');
  return new AppError('TOKEN_NOT_FORWARDED', `the nodes of the cluster have no ${text} that they forward to jobs`, {
    hint:
      `Set ${text} on the nodes and allow it (Compute.Env.AllowList, ^SENSOR_TOKEN$); or start \`up\` with ` +
      '--token-in-job: every user of the cluster can then read it in the job.',
  });
}

const secretsSchema = z.object({
  /** For the API. */
  credentials: z
    .union([z.object({ apiKey: z.string() }), z.object({ username: z.string(), password: z.string() })])
    .exactOptional(),
  /** Variables for sensors with their values, such as `SENSOR_TOKEN`, where they go into the job. */
  sensorEnv: z.record(z.string(), z.string()),
});
export type RemoteSecrets = z.output<typeof secretsSchema>;

const fileOf = (stateDir: string) => join(stateDir, 'remote', 'secrets.json');

export function keepSecrets(stateDir: string, secrets: RemoteSecrets): void {
  writeFileAtomic(fileOf(stateDir), JSON.stringify(secrets), 0o600);
}

export function readSecrets(stateDir: string): RemoteSecrets {
  return secretsSchema.parse(JSON.parse(readIfExists(fileOf(stateDir)) ?? '{"sensorEnv":{}}'));
}

export function forgetSecrets(stateDir: string): void {
  rmSync(fileOf(stateDir), { force: true });
}
