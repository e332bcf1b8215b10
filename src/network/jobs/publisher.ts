/** Fills the publisher's document. */
import type { Document } from 'yaml';
import { SENSOR_CONFIG_FIELDS } from '../../core/sensor-config.js';
import type { PublisherJob } from '../network.js';
import { inTask, setModule } from './template.js';

/** Where a sensor finds its YAML file; not below `/app`, for Bacalhau mounts one thing a path tree. */
const CONFIG_TARGET = '/config/sensor.yaml';

export function setPublisher(
  document: Document,
  job: PublisherJob,
  module: Uint8Array,
  env: Record<string, string>,
): void {
  setRegion(document, job.region);
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parametersOf(job)));
  document.setIn(inTask('env'), document.createNode(env));
  setModule(document, module);
  if (job.configFile === undefined) return;
  const source = { type: 'localDirectory', params: { sourcePath: job.configFile, readWrite: false } };
  document.addIn(inTask('inputSources'), document.createNode({ target: CONFIG_TARGET, source }));
}

/** Keeps a document's job to one region. */
export function setRegion(document: Document, region: string): void {
  document.setIn(['constraints', 1, 'operator'], '=');
  document.setIn(['constraints', 1, 'values', 0], region);
}

/** Flags of `wasm/publisher/options.ts`; what is not set is left out. */
function parametersOf(job: PublisherJob): string[] {
  const settings = SENSOR_CONFIG_FIELDS.filter((field) => field !== 'paused').flatMap((field) => {
    const value = job.config[field];
    return value === undefined ? [] : `--${field.replace('_', '-')}=${value}`;
  });
  return [
    `--proxy=${job.proxyUrl}`,
    `--region=${job.region}`,
    ...settings,
    ...(job.maxMessages === undefined ? [] : [`--max-messages=${job.maxMessages}`]),
    ...(job.configFile === undefined ? [] : [`--config=${CONFIG_TARGET}`]),
    `--submission-time=${job.submissionTime}`,
  ];
}
