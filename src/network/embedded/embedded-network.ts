/** The embedded network: jobs go straight to the sensor host, a child process of `up`. */
import { join } from 'node:path';
import { z } from 'zod';
import { type JobRef, type JobRequest, jobName, jobRefOf, MODULE_LABEL, ROLE_LABEL } from '../../jobs/job-request.js';
import { CONFIG_TARGET, moduleEnv, moduleParameters, publisherFlags, reachableHosts } from '../../jobs/job-task.js';
import { AppError } from '../../lib/errors/app-error.js';
import { apiClient } from '../../lib/errors/http-error.js';
import { ModuleStore } from '../../modules/module-store.js';
import type { UserModule } from '../../modules/user-module.js';
import {
  type ClusterJob,
  type JobSpec,
  jobsSchema,
  nodesSchema,
  stoppedSchema,
  submissionSchema,
} from '../../sensor-host/host-schemas.js';
import { configFolder, regionConfigFile } from '../config-file.js';
import type { Network } from '../network.js';
import type { OpenContext } from '../provider.js';

/** Part of `run.json`. */
export const embeddedConnectionSchema = z.object({
  host: z.string(),
  proxyUrl: z.string(),
  /** By region; empty where there are no relays. */
  relayUrls: z.record(z.string(), z.string()).default({}),
  stateDir: z.string(),
});
export type EmbeddedConnection = z.output<typeof embeddedConnectionSchema>;

export const hostClient = (host: string, token: string) =>
  apiClient(host, token, {
    code: 'HOST_GONE',
    message: 'the sensor host does not answer',
    hint: '`up` restarts it, unless `up` itself has stopped.',
  });

export function createEmbeddedNetwork(
  { host, proxyUrl, relayUrls, stateDir }: EmbeddedConnection,
  { token, setRegionLink }: Pick<OpenContext, 'token' | 'setRegionLink'>,
): Network {
  const call = hostClient(host, token);
  const store = new ModuleStore(join(stateDir, 'modules'));
  /** Hands a module over to the host, which is on this machine; returns what it is called there. */
  const keep = ({ sha256, bytes }: UserModule) => {
    store.put(sha256, bytes);
    return sha256;
  };
  return {
    kind: 'embedded',
    nodes: async () => nodesSchema.parse(await call('GET', '/nodes')),
    jobs: async () => jobsSchema.parse(await call('GET', '/jobs')).map((job) => ({ ...job, ref: refOf(job) })),
    handsOver: true,
    async submit(job, { now = false } = {}) {
      const { name, ...spec } = toSpec(job, keep);
      if (job.role === 'publisher' && !now) spec.handover = true;
      const { jobId, unchanged } = submissionSchema.parse(await call('PUT', `/jobs/${name}`, spec));
      return { jobId, jobName: name, unchanged, facts: [] };
    },
    stop: async (ref) => stoppedSchema.parse(await call('DELETE', `/jobs/${jobName(ref)}`)).stopped,
    sensorProxyUrl: (region) => relayUrls[region] ?? proxyUrl,
    proxyUrlOf: () => proxyUrl,
    configFile: (region) => regionConfigFile(configFolder(stateDir), region),
    setRegionLink,
  };
}

/** A publisher that stops after some readings runs as the same job here: one kind replaces the other. */
function refOf({ module, region, labels = {} }: ClusterJob): JobRef {
  const name = labels[MODULE_LABEL];
  return { role: (labels[ROLE_LABEL] ?? module) as JobRef['role'], region, ...(name === undefined ? {} : { name }) };
}

/** @param keep hands a module over to the host */
function toSpec(job: JobRequest, keep: (module: UserModule) => string): JobSpec {
  if (!('region' in job) || job.role === 'relay') {
    throw new AppError('NOT_OFFERED', `the embedded network runs no ${job.role} as a job`, {
      hint: '`up` runs the proxy and the puller itself here; service jobs need a network with Docker.',
    });
  }
  const { runOnce, ...ref } = jobRefOf(job);
  const common = { name: jobName(ref), region: job.region, allow: reachableHosts(job) };
  if (job.role === 'module') {
    return {
      ...common,
      module: keep(job.module),
      labels: { [ROLE_LABEL]: 'module', [MODULE_LABEL]: job.name },
      type: job.once ? 'ops' : 'daemon',
      args: moduleParameters(job),
      env: moduleEnv(job),
    };
  }
  const writable = job.role === 'config-updater' ? { writable: true } : {};
  const mounts = job.configFile === undefined ? [] : [{ target: CONFIG_TARGET, source: job.configFile, ...writable }];
  if (job.role === 'config-updater') {
    const goal = job.configFile === undefined ? ['--proxy', job.proxyUrl] : [`--file=${CONFIG_TARGET}`];
    return { ...common, module: 'config-updater', type: 'batch', args: [...goal, ...job.parameters], mounts };
  }
  const own = job.module && { module: keep(job.module), labels: { [ROLE_LABEL]: 'publisher' } };
  return { ...common, module: 'publisher', ...own, type: 'daemon', args: publisherFlags(job), mounts };
}
