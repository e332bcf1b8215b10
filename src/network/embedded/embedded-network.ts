/** The embedded network: jobs go straight to the sensor host, a child process of `up`. */
import { z } from 'zod';
import { type JobRef, jobName, jobRefOf } from '../../jobs/job-ref.js';
import type { JobRequest } from '../../jobs/job-request.js';
import { CONFIG_TARGET, publisherFlags } from '../../jobs/publisher-flags.js';
import { AppError } from '../../lib/errors/app-error.js';
import { errorFromAnswer } from '../../lib/errors/http-error.js';
import {
  type ClusterJob,
  type JobSpec,
  jobsSchema,
  nodesSchema,
  stoppedSchema,
  submissionSchema,
} from '../../sensor-host/host-schemas.js';
import type { Network } from '../network.js';
import { configFolder, regionConfigFile } from '../region-file.js';

/** Part of `run.json`. */
export const embeddedConnectionSchema = z.object({
  /** URL of the sensor host. */
  host: z.string(),
  proxyUrl: z.string(),
  stateDir: z.string(),
});
export type EmbeddedConnection = z.output<typeof embeddedConnectionSchema>;

export function createEmbeddedNetwork({ host, proxyUrl, stateDir }: EmbeddedConnection, token: string): Network {
  const call = hostClient(host, token);
  return {
    kind: 'embedded',
    nodes: async () => call('GET', '/nodes', nodesSchema),
    jobs: async () => (await call('GET', '/jobs', jobsSchema)).map((job) => ({ ...job, ref: refOf(job) })),
    async submit(job) {
      const { name, ...spec } = toSpec(job);
      const { jobId, unchanged } = await call('PUT', `/jobs/${name}`, submissionSchema, spec);
      return { jobId, jobName: name, unchanged, facts: [] };
    },
    stop: async (ref) => (await call('DELETE', `/jobs/${jobName(ref)}`, stoppedSchema)).stopped,
    sensorProxyUrl: () => proxyUrl,
    configFile: (region) => regionConfigFile(configFolder(stateDir), region),
    async setRegionLink(region, connected) {
      await call('PUT', `/regions/${encodeURIComponent(region)}`, z.unknown(), { connected });
    },
  };
}

/** A publisher that stops after some readings runs as the same job here: one kind replaces the other. */
const refOf = ({ module, region }: ClusterJob): JobRef => ({ role: module, region });

function toSpec(job: JobRequest): JobSpec {
  switch (job.role) {
    case 'publisher':
      return {
        name: jobName({ role: 'publisher', region: job.region }),
        region: job.region,
        module: 'publisher',
        type: 'daemon',
        args: publisherFlags(job),
        mounts: job.configFile === undefined ? [] : [{ target: CONFIG_TARGET, source: job.configFile }],
      };
    case 'config-updater':
      return {
        name: jobName(jobRefOf(job)),
        region: job.region,
        module: 'config-updater',
        type: 'batch',
        args: [
          ...(job.configFile === undefined ? ['--proxy', job.proxyUrl] : [`--file=${CONFIG_TARGET}`]),
          ...job.parameters,
        ],
        mounts: job.configFile === undefined ? [] : [{ target: CONFIG_TARGET, source: job.configFile, writable: true }],
      };
    default:
      throw new AppError('NOT_OFFERED', `the embedded network runs no ${job.role} as a job`, {
        hint: '`up` runs the proxy and the puller itself here; service jobs need a network with Docker.',
      });
  }
}

function hostClient(base: string, token: string) {
  return async <T extends z.ZodType>(method: string, path: string, schema: T, body?: unknown): Promise<z.output<T>> => {
    let response: Response;
    try {
      response = await fetch(base + path, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new AppError('HOST_GONE', 'the sensor host does not answer', {
        cause,
        hint: '`up` restarts it, unless `up` itself has stopped.',
      });
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return schema.parse(answer);
    throw errorFromAnswer(answer, 'INTERNAL', `the sensor host answered ${method} ${path} with ${response.status}`);
  };
}
