/** What the module of a job gets: its parameters, its environment, and the hosts that it may reach. */
import { isIP } from 'node:net';
import { hostAndPort } from '../lib/net/host-list.js';
import { SENSOR_CONFIG_FIELDS, type SensorConfig, type SensorConfigField } from '../protocol/sensor-config.js';
import type { ModuleJob, PublisherJob } from './job-request.js';

/** Where a sensor finds its YAML file; not below `/app`, for Bacalhau mounts one thing a path tree. */
export const CONFIG_TARGET = '/config/sensor.yaml';

/** What is not set is left out. */
export function publisherFlags(job: PublisherJob): string[] {
  return [
    `--proxy=${job.proxyUrl}`,
    `--region=${job.region}`,
    ...configFlags(job.config, 'paused'),
    ...(job.profile === undefined ? [] : [`--profile=${job.profile}`]),
    ...(job.anomalies === undefined ? [] : [`--anomalies=${job.anomalies}`]),
    ...(job.maxMessages === undefined ? [] : [`--max-messages=${job.maxMessages}`]),
    ...(job.configFile === undefined ? [] : [`--config=${CONFIG_TARGET}`]),
    `--submission-time=${job.submissionTime}`,
  ];
}

/** As the publisher and the config-updater take them. */
export const configFlags = (config: SensorConfig, without?: SensorConfigField): string[] =>
  SENSOR_CONFIG_FIELDS.flatMap((field) =>
    config[field] === undefined || field === without ? [] : [`--${field.replace('_', '-')}=${config[field]}`],
  );

/** Names in braces stand for values of the region; everything else in braces stays as it is. */
const fill = (text: string, { proxyUrl, region }: ModuleJob): string =>
  text.replace(/\{(proxy|region)\}/g, (_, name) => (name === 'proxy' ? proxyUrl : region));

export const moduleParameters = (job: ModuleJob): string[] => job.parameters.map((text) => fill(text, job));

/** Also has `PROXY_URL` and `REGION`, where the user does not set them. */
export function moduleEnv(job: ModuleJob): Record<string, string> {
  const own = Object.entries(job.env).map(([name, text]) => [name, fill(text, job)]);
  return { PROXY_URL: job.proxyUrl, REGION: job.region, ...Object.fromEntries(own) };
}

export interface Reaching {
  proxyUrl: string;
  /** Entries of a `HostList`. */
  allow?: readonly string[] | undefined;
}

export const reachableHosts = ({ proxyUrl, allow = [] }: Reaching): string[] => [
  ...new Set([...(URL.canParse(proxyUrl) ? [hostAndPort(new URL(proxyUrl))] : []), ...allow]),
];

/**
 * The same as domains of a Bacalhau job, which have no ports. Undefined where Bacalhau can't say it, and the job has to
 * have its node's whole network: for names without a dot, such as `localhost`, addresses of IPv6, and a proxy in another
 * spelling than Bacalhau compares.
 */
export function domainsOf(job: Reaching): string[] | undefined {
  const names = reachableHosts(job).map((host) => host.replace(/:\d+$/, ''));
  const known = names.length > 0 && job.proxyUrl.includes(names[0]!) && names.every(isDomain);
  return known ? [...new Set(names)] : undefined;
}

const isDomain = (name: string): boolean => isIP(name) === 4 || /^([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}$/.test(name);
