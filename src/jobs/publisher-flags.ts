/** A publisher job as the flags of its module (`wasm/sdk/options.ts`). */
import { SENSOR_CONFIG_FIELDS, type SensorConfig } from '../protocol/sensor-config.js';
import type { PublisherJob } from './job-request.js';

/** Where a sensor finds its YAML file; not below `/app`, for Bacalhau mounts one thing a path tree. */
export const CONFIG_TARGET = '/config/sensor.yaml';

/** What is not set is left out. */
export function publisherFlags(job: PublisherJob): string[] {
  return [
    `--proxy=${job.proxyUrl}`,
    `--region=${job.region}`,
    ...configFlags(job.config),
    ...(job.profile === undefined ? [] : [`--profile=${job.profile}`]),
    ...(job.anomalies === undefined ? [] : [`--anomalies=${job.anomalies}`]),
    ...(job.maxMessages === undefined ? [] : [`--max-messages=${job.maxMessages}`]),
    ...(job.configFile === undefined ? [] : [`--config=${CONFIG_TARGET}`]),
    `--submission-time=${job.submissionTime}`,
  ];
}

function configFlags(config: SensorConfig): string[] {
  return SENSOR_CONFIG_FIELDS.filter((field) => field !== 'paused').flatMap((field) => {
    const value = config[field];
    return value === undefined ? [] : [`--${field.replace('_', '-')}=${value}`];
  });
}
