/** The `Network` of everything that runs a real Bacalhau: native, compose and remote differ only in their links. */
import { sameJob } from '../../jobs/job-request.js';
import { isDownloaded } from '../../jobs/render-job.js';
import { AppError } from '../../lib/errors/app-error.js';
import { isActive, type Network } from '../network.js';
import { allNodes, ownerOf, restoreReplaced, type SubmitOptions, submitJob } from './submit-job.js';

export interface BacalhauNetworkOptions extends SubmitOptions {
  kind: string;
  /** Missing where a region can't be cut. */
  setRegionLink?(region: string, connected: boolean): Promise<void>;
}

/** 2.6 MB of Go took 4.5 s on a node that shared two busy processors with others. */
const COMPILE_MS_PER_MB = 2000;

export function createBacalhauNetwork(options: BacalhauNetworkOptions): Network {
  const { client, kind, sensorProxyUrl } = options;
  return {
    kind,
    owner: ownerOf(options.stateDir),
    nodes: () => allNodes(options),
    jobs: async () => {
      const ours = (await client.jobs()).flatMap(({ ref, ...job }) => (ref ? { ...job, ref } : []));
      return Promise.all(
        ours.map(async ({ namespace, type, region, hash, variables, ...job }) => ({
          ...job,
          // The executions of stopped jobs are not needed, and each job costs a call.
          executions: job.state === 'stopped' ? [] : await client.executions(job.id),
        })),
      );
    },
    downloadsModule: isDownloaded,
    unseenStartMs: (bytes) => (bytes / 1_000_000) * COMPILE_MS_PER_MB,
    submit: (request) => submitJob(request, options),
    restore: (submission) => restoreReplaced(submission, client),
    stop: async (wanted) => {
      const running = (await client.jobs()).filter((job) => job.ref && isActive(job) && sameJob(job.ref, wanted));
      const stopped = await Promise.all(running.map((job) => client.stopJob(job.id)));
      return stopped.includes(true);
    },
    sensorProxyUrl,
    proxyUrlOf: options.proxyUrlOf ?? sensorProxyUrl,
    setRegionLink: async (region, connected) => {
      if (options.setRegionLink) return options.setRegionLink(region, connected);
      throw new AppError('NOT_OFFERED', `a region of a ${kind} network can't be cut from here`, {
        hint: 'This program does not control its nodes and links. The embedded, native and compose networks offer it.',
      });
    },
  };
}
