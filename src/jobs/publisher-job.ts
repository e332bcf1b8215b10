/** Fills the publisher's document. */
import type { Document } from 'yaml';
import type { PublisherJob } from './job-request.js';
import { inTask, setModule } from './job-template.js';
import { CONFIG_TARGET, publisherFlags } from './publisher-flags.js';

export function setPublisher(
  document: Document,
  job: PublisherJob,
  module: Uint8Array,
  env: Record<string, string>,
): void {
  setRegion(document, job.region);
  // A daemon that ends is started again, and its end is called a failure; an ops job runs once on every node.
  if (job.maxMessages !== undefined) document.setIn(['type'], 'ops');
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(publisherFlags(job)));
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
