/** The `Network` of everything that runs a real Bacalhau: native, compose and remote differ only in their links. */

import { sameJob } from '../../jobs/job-request.js';
import { isDownloaded, type JobEnvironment } from '../../jobs/render-job.js';
import { AppError } from '../../lib/errors/app-error.js';
import type { Network, NodeInfo } from '../network.js';
import type { BacalhauClient } from './bacalhau-client.js';
import { isOurs, toJob, toJobRef, toNodes, toPublisherByHand } from './bacalhau-mapping.js';
import { ownerOf } from './owner.js';
import { isOver, restoreReplaced, submitJob } from './submit-job.js';

export interface BacalhauNetworkOptions {
  kind: string;
  client: BacalhauClient;
  /** `.wasm-sensors`; submitted documents are kept below it. */
  stateDir: string;
  environment: JobEnvironment;
  /** Nodes that may still connect for the first time. */
  planned?: NodeInfo[];
  sensorProxyUrl(region: string): string;
  /** Missing where a region can't be cut. */
  setRegionLink?(region: string, connected: boolean): Promise<void>;
}

/** 2.6 MB of Go took 4.5 s on a node that shared two busy processors with others. */
const COMPILE_MS_PER_MB = 2000;

export function createBacalhauNetwork(options: BacalhauNetworkOptions): Network {
  const { client, kind } = options;
  return {
    kind,
    owner: ownerOf(options.stateDir),
    nodes: async () => toNodes(await client.nodes(), options.planned),
    jobs: async () => {
      const ours = (await client.jobs()).filter(isOurs);
      // The executions of stopped jobs are not needed, and each job costs a call.
      const executions = (id: string, over: boolean) => (over ? [] : client.executions(id));
      return Promise.all(
        ours.map(async (job) => toJob(job, await executions(job.ID, job.State.StateType === 'Stopped'))),
      );
    },
    downloadsModule: isDownloaded,
    unseenStartMs: (bytes) => (bytes / 1_000_000) * COMPILE_MS_PER_MB,
    submit: (request) => submitJob(request, options),
    restore: (submission) => restoreReplaced(submission, client),
    publishersByHand: async () =>
      (await client.jobsOfAll()).filter((job) => !isOver(job)).flatMap((job) => toPublisherByHand(job) ?? []),
    stop: async (ref) => {
      const running = (await client.jobs()).filter((job) => isOurs(job) && !isOver(job) && sameJob(toJobRef(job), ref));
      const stopped = await Promise.all(running.map((job) => client.stopJob(job.ID)));
      return stopped.includes(true);
    },
    sensorProxyUrl: options.sensorProxyUrl,
    setRegionLink: async (region, connected) => {
      if (options.setRegionLink) return options.setRegionLink(region, connected);
      throw new AppError('NOT_OFFERED', `a region of a ${kind} network can't be cut from here`, {
        hint: 'This program does not control its nodes and links. The embedded, native and compose networks offer it.',
      });
    },
  };
}
