/** What can run as a job: a publisher, a config-updater, a module of the user, the proxy, the puller or a relay. */
import type { UserModule } from '../modules/user-module.js';
import type { Profile } from '../protocol/measured-values.js';
import type { SensorConfig } from '../protocol/sensor-config.js';

/** A publisher for the edge nodes of one region; it is the job `publisher-<region>`. */
export interface PublisherJob {
  role: 'publisher';
  region: string;
  /** Where the sensors POST to: a base URL, without `/send`. */
  proxyUrl: string;
  config: SensorConfig;
  /** A module of the user that takes the publisher's flags. Left out: the built-in publisher. */
  module?: UserModule | undefined;
  /** A YAML file on the node, re-read while running. */
  configFile?: string | undefined;
  /** What the sensors measure; left out: nothing. */
  profile?: Profile | undefined;
  /** Share of the time in which they measure an anomaly, in percent. */
  anomalies?: number | undefined;
  maxMessages?: number | undefined;
  /** Hosts that it may reach beside the proxy, as in a `HostList`. */
  allow?: string[] | undefined;
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
  configFile?: string | undefined;
  submissionTime: number;
}

/** A module of the user on the edge nodes of one region; it is the job `module-<name>.<region>`. */
export interface ModuleJob {
  role: 'module';
  /** Lower-case letters, digits and dashes. */
  name: string;
  region: string;
  module: UserModule;
  /** Where it finds the proxy: `PROXY_URL` in its environment, `{proxy}` in its parameters. */
  proxyUrl: string;
  /** May have `{proxy}` and `{region}`, as the values of `env`. */
  parameters: string[];
  env: Record<string, string>;
  /** Runs once on every node, and is not started again when it exits. */
  once?: boolean;
  /** Hosts that it may reach beside the proxy, as in a `HostList`. */
  allow?: string[] | undefined;
  submissionTime: number;
}

interface ContainerJob {
  image: string;
  /** Of the node. */
  port: number;
  /** Folder of the node that keeps its data; without one the data are lost with the job. The node must allow it. */
  dataDir?: string;
  submissionTime: number;
}

/** The proxy or the puller as a service job on the `web-services` node. */
export interface ServiceJob extends ContainerJob {
  role: 'proxy' | 'puller';
  queue: string;
  /** Further arguments of the role. */
  args: string[];
  /** Names under which requests may reach it, beside those of loopback. */
  allowedHosts: string[];
}

/** The relay of a region as a service job, on the node of the region that allows its folder. */
export interface RelayJob extends ContainerJob {
  role: 'relay';
  region: string;
  /** The proxy. */
  upstream: string;
  /** Where its sensors reach it. */
  url: string;
  dataDir: string;
}

export type JobRequest = PublisherJob | ConfigUpdaterJob | ModuleJob | ServiceJob | RelayJob;

export interface JobRef {
  role: JobRequest['role'];
  /** Left out: a service, or a publisher that somebody submitted by hand for all regions. */
  region?: string;
  /** Of a module of the user; all others are known by their role. */
  name?: string;
  /** It stops by itself: another type of job, which no daemon of the same name can become. */
  runOnce?: true;
}

/** Labels that carry the job's `JobRef`; its role is in the templates. */
export const ROLE_LABEL = 'role';
export const REGION_LABEL = 'region';
/** The name of a module of the user. */
export const MODULE_LABEL = 'module';

/** A publisher for all regions; only submitted by hand, from our template. */
export const ALL_REGIONS_PUBLISHER: JobRef = { role: 'publisher' };

export function jobRefOf(request: JobRequest): JobRef {
  if (!('region' in request)) return { role: request.role };
  const { role, region } = request;
  const once = role === 'publisher' ? request.maxMessages !== undefined : role === 'module' && request.once === true;
  return { role, region, ...(role === 'module' ? { name: request.name } : {}), ...(once ? { runOnce: true } : {}) };
}

/**
 * The name under which the job is submitted: a job replaces the one of the same name. No two jobs share one, because
 * every region begins with a letter or a digit, and names of modules have no dots.
 */
export function jobName({ role, region, name, runOnce }: JobRef): string {
  const own = name === undefined ? role : `${role}-${name}`;
  const whole = region === undefined ? own : `${own}${name === undefined ? '-' : '.'}${region}`;
  return runOnce ? `once-${whole}` : whole;
}

export function sameJob(a: JobRef, b: JobRef): boolean {
  return a.role === b.role && a.region === b.region && a.name === b.name && a.runOnce === b.runOnce;
}

/** The job that must stop before this one runs: a region runs one kind of publisher, and one of a module, at a time. */
export function rivalOf({ runOnce, ...job }: JobRef): JobRef | undefined {
  if (!['publisher', 'module'].includes(job.role) || job.region === undefined) return undefined;
  return runOnce ? job : { ...job, runOnce: true };
}
