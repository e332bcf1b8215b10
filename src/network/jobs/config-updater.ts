/** Fills the config-updater's document. */
import type { Document } from 'yaml';
import type { ConfigUpdaterJob } from '../network.js';
import { setRegion } from './publisher.js';
import { inTask, setModule } from './template.js';

export function setConfigUpdater(
  document: Document,
  job: ConfigUpdaterJob,
  module: Uint8Array,
  env: Record<string, string>,
): void {
  setRegion(document, job.region);
  const parameters = [`--proxy=${job.proxyUrl}`, ...job.parameters];
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parameters));
  document.setIn(inTask('env'), document.createNode(env));
  setModule(document, module);
}
