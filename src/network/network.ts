/**
 * The `Network` contract: where jobs run. Four implementations (`embedded`, `native`, `compose`, `remote`); nothing
 * outside this folder asks which one it has. Starting and ending a network is the `NetworkRunner`'s part, inside `up`;
 * a `Network` is what every command in any terminal uses.
 */
import type { SensorConfig } from '../protocol/sensor-config.js';
import type { ConfigFile } from './region-config-file.js';

export type NetworkKind = 'embedded' | 'native' | 'compose' | 'remote';

/** Edge regions, in display order; a remote cluster may have others. */
export const REGIONS = ['us', 'eu', 'as'] as const;

export interface NodeInfo {
  name: string;
  /** Label `region`, or '' for nodes of the centre. */
  region: string;
  /** Label `type`: `edge`, `web-services`. */
  type: string;
  connected: boolean;
  /** Why no sensor can run on it; missing where nothing speaks against it. */
  unfit?: string;
}

export interface ExecutionInfo {
  id: string;
  node: string;
  state: 'starting' | 'running' | 'completed' | 'failed' | 'stopped';
  /** Why it failed or ended; '' while it runs. */
  message: string;
}

export interface JobInfo {
  id: string;
  name: string;
  /** Counts the updates of this job, from 1. */
  version: number;
  state: 'pending' | 'running' | 'completed' | 'failed' | 'stopped';
  message: string;
  executions: ExecutionInfo[];
}

/** A publisher for the edge nodes of one region; it is the job `publisher-<region>`. */
export interface PublisherJob {
  role: 'publisher';
  region: string;
  /** Where the sensors POST to: a base URL, without `/send`. */
  proxyUrl: string;
  config: SensorConfig;
  /** A YAML file on the node, re-read while running. */
  configFile?: string;
  /** Stop after this many readings. */
  maxMessages?: number;
  /** Unix milliseconds; newer submissions replace older ones. */
  submissionTime: number;
}

/** Runs the config-updater module once, on one edge node of the region. */
export interface ConfigUpdaterJob {
  role: 'config-updater';
  region: string;
  proxyUrl: string;
  /** Its flags after `--proxy`, as the module takes them. */
  parameters: string[];
  /** Changes this YAML file of the node instead of the fleet configuration, where nodes let jobs write. */
  configFile?: string;
  submissionTime: number;
}

/** The proxy or the puller as a service job on the `web-services` node. */
export interface ServiceJob {
  role: 'proxy' | 'puller';
  image: string;
  /** Of the node. */
  port: number;
  queue: string;
  /** The proxy takes readings without a token, too; with SENSOR_TOKEN in its environment it wants it all the same. */
  open: boolean;
  /** Further arguments of the role. */
  args: string[];
  /** Names under which requests may reach it, beside those of loopback; left out: any. */
  allowedHosts?: string[];
  /** Folder of the node that keeps its data; without one they end with the job. The node must allow it. */
  dataDir?: string;
  submissionTime: number;
}

export type JobRequest = PublisherJob | ConfigUpdaterJob | ServiceJob;

export interface Submission {
  jobId: string;
  jobName: string;
  /** The network runs exactly this already; nothing was replaced. */
  unchanged: boolean;
  /** Said to the operator, such as a fallback that was taken. */
  notes: string[];
}

export interface Network {
  readonly kind: NetworkKind;
  nodes(): Promise<NodeInfo[]>;
  /** Newest version of every job of ours. */
  jobs(): Promise<JobInfo[]>;
  /** Submits a job, replacing an older one of the same name. "Submitted" is not "running": count live readings. */
  submit(job: JobRequest): Promise<Submission>;
  /** Ends a job by name; false when there was none running. */
  stop(jobName: string): Promise<boolean>;
  /** The base URL under which sensors of this region reach the proxy. */
  sensorProxyUrl(region: string): string;
  /** The YAML file that this region's sensors re-read; left out where the nodes' files are out of reach. */
  configFile?(region: string): ConfigFile;
  /** Cuts or restores a region's links (never pauses its sensors). Rejects with `NOT_OFFERED` where that can't be done. */
  setRegionLink(region: string, connected: boolean): Promise<void>;
}
