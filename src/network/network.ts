/**
 * The port that every command uses, in any terminal: where jobs run. Nothing outside the providers' folders asks which
 * kind it has. What `up` starts and stops is a `NetworkPlan` (`provider.ts`).
 */
import type { JobRef, JobRequest } from '../jobs/job-request.js';
import type { ConfigFile } from './config-file.js';

/** Edge regions, in display order; a remote cluster may have others. */
export const REGIONS = ['us', 'eu', 'as'] as const;

export interface NodeInfo {
  name: string;
  /** Label `region`, or '' for nodes without one. */
  region: string;
  /** Label `type`: `edge`, `web-services`. */
  type: string;
  connected: boolean;
  /** Why no sensor can run on it; missing where one can. */
  unschedulable?: string | undefined;
}

export interface ExecutionInfo {
  id: string;
  node: string;
  state: 'starting' | 'running' | 'completed' | 'failed' | 'stopped';
  /** Why it failed or stopped; '' while it runs. */
  message: string;
  /** When its state last changed, Unix milliseconds; missing where the network does not tell. */
  modified?: number | undefined;
}

/** What processes write that are no children of `up`, such as containers. */
export interface NetworkLogs {
  /** Names, running or not. */
  services(): Promise<string[]>;
  /**
   * In the order of each service. `tail`: only the newest lines of each; `since`: Unix milliseconds; `follow`: goes on
   * until it is aborted or nothing runs any more.
   */
  read(query: { tail?: number; since?: number; follow?: boolean; signal?: AbortSignal }): AsyncIterable<NetworkLogLine>;
}

export interface NetworkLogLine {
  service: string;
  /** Unix milliseconds. */
  time: number;
  line: string;
}

export interface JobInfo {
  id: string;
  name: string;
  ref: JobRef;
  /** Counts the updates of this job, from 1. */
  version: number;
  state: 'pending' | 'running' | 'completed' | 'failed' | 'stopped';
  message: string;
  executions: ExecutionInfo[];
  /** Id of the state folder that submitted it; missing where jobs carry none. */
  owner?: string | undefined;
  /** Where its sensors send to, also of a relay's job; missing where that can't be seen. */
  proxyUrl?: string | undefined;
}

export const isOver = ({ state }: Pick<ExecutionInfo, 'state'>): boolean => state !== 'starting' && state !== 'running';

/** Whether a job runs, or will as soon as its nodes can. */
export const isActive = ({ state }: Pick<JobInfo, 'state'>): boolean => state === 'pending' || state === 'running';

export interface Submission {
  jobId: string;
  jobName: string;
  /** The network runs exactly this already; nothing was replaced. */
  unchanged: boolean;
  /** For the operator, such as a fallback that was taken. */
  facts: NetworkFact[];
  /** Jobs that ran until now and sent to another proxy, by version; {@link Network.restore} runs them again. */
  replaced?: { jobId: string; version: number }[];
}

export interface Network {
  readonly kind: string;
  /** Names that `deploy publisher --proxy` takes instead of a URL, with the URLs by which sensors reach those proxies. */
  readonly proxyNames?: Readonly<Record<string, string>>;
  /** Id of this state folder, which its jobs carry; left out where no other folder's jobs can be. */
  readonly owner?: string;
  nodes(): Promise<NodeInfo[]>;
  /** Newest version of every job of ours. */
  jobs(): Promise<JobInfo[]>;
  /**
   * Sensors that a submission replaces run on until they have delivered what they keep, and the new ones send. Left out:
   * they end at once.
   */
  readonly handsOver?: true;
  /**
   * Submits a job, replacing an older one of the same `JobRef`. "Submitted" is not "running": count live readings. `now`:
   * without a handover.
   */
  submit(job: JobRequest, options?: { now?: boolean | undefined }): Promise<Submission>;
  /** Runs again what a submission replaced; left out where nothing else can be replaced. */
  restore?(submission: Submission): Promise<void>;
  /** Whether nodes download a module of so many bytes from the proxy, where it must be before its job. */
  downloadsModule?(bytes: number): boolean;
  /**
   * How long a node may take to fetch and compile a module of so many bytes while its execution already counts as running,
   * in milliseconds; left out where starts are seen.
   */
  unseenStartMs?(bytes: number): number;
  /** Stops a job; false when none was running. */
  stop(job: JobRef): Promise<boolean>;
  /** The base URL under which sensors of this region reach the proxy, or their relay. */
  sensorProxyUrl(region: string): string;
  /** The proxy itself, for what a relay does not do: changes, and modules. Left out: {@link sensorProxyUrl}. */
  proxyUrlOf?(region: string): string;
  /** The YAML file that this region's sensors re-read; undefined where the nodes' files can't be reached. */
  configFile?(region: string): ConfigFile;
  /** Left out where every process is a child of `up`, which writes its log into the state folder. */
  logs?: NetworkLogs;
  /** Cuts or restores a region's links; its sensors run on. Rejects with `NOT_OFFERED` where that can't be done. */
  setRegionLink(region: string, connected: boolean): Promise<void>;
}

export type NetworkFact =
  /** No sensor can run on an edge node; `reason` is the node's `unschedulable`. */
  | { type: 'node.unschedulable'; node: string; reason: string }
  /** They have not connected in time, and are waited for no longer; what should run on them starts when they come. */
  | { type: 'nodes.late'; nodes: string[] }
  /** One of these has connected. */
  | { type: 'node.arrived'; node: string }
  /** Bacalhau had given up the job on these nodes, so it was started again. */
  | { type: 'job.restarted'; job: string; nodes: string[] }
  /** A cluster's nodes do not forward `HOSTNAME`: sensors are named by their executions. */
  | { type: 'hostname.not-forwarded'; region: string }
  | { type: 'proxy.unreachable'; url: string }
  /** These variables are in the job document, because the nodes can't be given them. */
  | { type: 'secrets.in-job'; variables: string[] }
  /** A container crashed; Docker restarts it. */
  | { type: 'container.crashed'; service: string; lastLines: string[] }
  /** A container was killed or stopped by somebody else, which Docker leaves as it is; it is started again. */
  | { type: 'container.exited'; service: string; exitCode: number; lastLines: string[] }
  /** Containers are not watched while Docker does not answer. */
  | { type: 'docker.silent'; reason: string }
  | { type: 'docker.answering' }
  /** A container or network that an earlier `up` left. */
  | { type: 'orphan.removed'; name: string }
  /** With what holds it. */
  | { type: 'orphan.kept'; name: string }
  /** The network starts without a node for service jobs. */
  | { type: 'services-node.missing'; reason: string }
  /** An environment file was made from its template; while it is empty, the embedded queue is used. */
  | { type: 'environment.made'; file: string }
  /** No link leads to the proxy: cutting a region leaves its sensors connected to it. */
  | { type: 'proxy.not-linked'; url: string };

/**
 * The newest execution of each node; and the older ones, each with the one that replaced it, which jobs keep.
 *
 * @param executions of one job, oldest first
 */
export function newestByNode(executions: ExecutionInfo[]) {
  const newest = new Map(executions.map((execution) => [execution.node, execution]));
  return {
    newest: [...newest.values()],
    replaced: executions.flatMap((execution) => {
      const by = newest.get(execution.node)!.id;
      return by === execution.id ? [] : [{ ...execution, by }];
    }),
  };
}
