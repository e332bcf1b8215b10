/** Fills the config-updater's document. */
import type { Document } from 'yaml';
import { AppError } from '../lib/errors/app-error.js';
import type { ConfigUpdaterJob } from './job-request.js';
import { inTask, setModule } from './job-template.js';
import { setRegion } from './publisher-job.js';

export function setConfigUpdater(
  document: Document,
  job: ConfigUpdaterJob,
  module: Uint8Array,
  env: Record<string, string>,
): void {
  if (job.configFile !== undefined) {
    throw new AppError('NOT_OFFERED', 'user', 'a job can read the files of a Bacalhau node, but never write them', {
      hint: 'Leave --file out: the fleet configuration reaches every network. Or edit the file with `wasm-sensors config edit`.',
    });
  }
  setRegion(document, job.region);
  const parameters = [`--proxy=${job.proxyUrl}`, ...job.parameters];
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parameters));
  document.setIn(inTask('env'), document.createNode(env));
  setModule(document, module);
}
