/** Fills the document of the proxy or the puller as a service job. */
import type { Document } from 'yaml';
import type { ServiceJob } from '../network.js';
import { inTask } from './template.js';

/** The port in the container; `job.port` is the node's. */
const INNER_PORT = 8080;
/** The state folder of the image. */
const DATA_TARGET = '/data';

export function setService(document: Document, job: ServiceJob, env: Record<string, string>): void {
  // Reached through the node's port only; with SENSOR_TOKEN in its environment the proxy wants it all the same.
  const open = job.role === 'proxy' ? ['--open'] : [];
  const parameters = [job.role, 'serve', '--host=0.0.0.0', `--port=${INNER_PORT}`, `--queue=${job.queue}`, ...open];
  document.setIn(inTask('engine', 'params', 'image'), job.image);
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parameters));
  document.setIn(inTask('env'), document.createNode(env));
  document.setIn(inTask('network', 'ports', 0, 'static'), job.port);
  if (job.dataDir === undefined) return;
  const source = { type: 'localDirectory', params: { sourcePath: job.dataDir, readWrite: true } };
  document.setIn(inTask('inputSources'), document.createNode([{ target: DATA_TARGET, source }]));
}
