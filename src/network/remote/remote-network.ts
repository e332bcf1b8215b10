/** A cluster that exists already, as every terminal uses it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type JobRequest, jobRefOf, sameJob } from '../../jobs/job-request.js';
import { waitFor } from '../../lib/async/backoff.js';
import { AppError } from '../../lib/errors/app-error.js';
import { readIfExists, writeFileAtomic } from '../../lib/fs/durable-files.js';
import type { ApiAddress } from '../bacalhau/bacalhau-cli.js';
import { type BacalhauClient, createBacalhauClient } from '../bacalhau/bacalhau-client.js';
import { failureCodeOf } from '../bacalhau/bacalhau-failures.js';
import { type BacalhauNetworkOptions, createBacalhauNetwork } from '../bacalhau/bacalhau-network.js';
import { restoreReplaced, submitJob } from '../bacalhau/submit-job.js';
import { isActive, type Network, type Submission } from '../network.js';
import type { OpenContext } from '../provider.js';

/** What another terminal needs to know to use it; part of `run.json`. No credentials. */
export const remoteConnectionSchema = z.object({
  bacalhau: z.string(),
  api: z.object({
    host: z.string(),
    port: z.number(),
    tls: z.object({ caFile: z.string().exactOptional(), insecure: z.boolean().exactOptional() }).exactOptional(),
  }),
  proxyUrl: z.string(),
  /** Variables that sensors need. */
  forSensors: z.array(z.string()),
  /** Variables of what takes readings from them. */
  forRelays: z.array(z.string()).default([]),
  /** They go into the job, where every user of the cluster can read them; else its nodes must have them. */
  tokenInJob: z.boolean(),
});

export type RemoteConnection = z.output<typeof remoteConnectionSchema>;

/** Secrets come from the state folder. */
export function createRemoteNetwork(
  connection: RemoteConnection,
  { stateDir, token }: Pick<OpenContext, 'stateDir' | 'token'>,
): Network {
  const secrets = readSecrets(stateDir);
  const options: BacalhauNetworkOptions = {
    kind: 'remote',
    client: createRemoteClient(connection, stateDir, secrets),
    stateDir,
    token,
    forwarded: {
      edge: connection.tokenInJob ? [] : connection.forSensors,
      updater: [],
      services: connection.forRelays,
    },
    given: secrets.sensorEnv,
    sensorProxyUrl: () => connection.proxyUrl,
  };
  return { ...createBacalhauNetwork(options), submit: (request) => submit(request, options) };
}

export function createRemoteClient(
  connection: RemoteConnection,
  stateDir: string,
  { credentials }: RemoteSecrets,
): BacalhauClient {
  const api: ApiAddress = { ...connection.api, ...(credentials ? { credentials } : {}) };
  return createBacalhauClient({ path: connection.bacalhau, stateDir, api });
}

/**
 * With HOSTNAME where the nodes of the region forward it. The job that runs there shows that; no sensor is replaced to
 * find out, because readings that it keeps for its proxy would be lost. Where none runs, a submission finds out. Rejects
 * with `TOKEN_NOT_FORWARDED` where the nodes do not forward what sensors need to send.
 */
async function submit(request: JobRequest, options: BacalhauNetworkOptions): Promise<Submission> {
  if (request.role !== 'publisher' && request.role !== 'module') return submitJob(request, options);
  const { client, forwarded } = options;
  const refused = async ({ unchanged, jobId }: Submission) => !unchanged && (await wasRefused(client, jobId));

  const ref = jobRefOf(request);
  const runs = (await client.jobs()).find((job) => job.ref && isActive(job) && sameJob(job.ref, ref));
  let first: Submission | undefined;
  if (!runs || runs.variables.includes('HOSTNAME')) {
    const edge = ['HOSTNAME', ...forwarded.edge];
    first = await submitJob(request, { ...options, forwarded: { ...forwarded, edge } });
    if (!(await refused(first))) return first;
  }
  const second = await submitJob(request, options);
  // What the first try replaced.
  const submission = first?.replaced ? { ...second, replaced: first.replaced } : second;
  if (forwarded.edge.length > 0 && (await refused(submission))) {
    await client.stopJob(submission.jobId);
    if (submission.replaced) await restoreReplaced(submission, client);
    const text = forwarded.edge.join(', ');
    throw new AppError('TOKEN_NOT_FORWARDED', `the nodes of the cluster have no ${text} that they forward to jobs`, {
      hint:
        `Set ${text} on the nodes and allow it (Compute.Env.AllowList, ^SENSOR_TOKEN$); or start \`up\` with ` +
        '--token-in-job: every user of the cluster can then read it in the job.',
    });
  }
  if (!first) return submission;
  return { ...submission, facts: [{ type: 'hostname.not-forwarded', region: request.region }] };
}

/** Bids are refused within milliseconds; the rest is patience for a slow cluster. */
const PATIENCE_MS = 3000;

/** Whether a job was refused because of a variable; false when no node has refused it in time. */
async function wasRefused(client: BacalhauClient, jobId: string): Promise<boolean> {
  const refused = async () => {
    const executions = await client.executions(jobId);
    return executions.some(({ message }) => failureCodeOf(message) === 'ENV_NOT_FORWARDED') || undefined;
  };
  return (await waitFor(refused, { timeoutMs: PATIENCE_MS, everyMs: 500 })) === true;
}

const secretsSchema = z.object({
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
