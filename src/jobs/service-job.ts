/** Fills the document of the proxy or the puller as a service job. */
import type { Document } from 'yaml';
import type { ServiceJob } from './job-request.js';
import { inTask } from './job-template.js';

/** The port in the container; `job.port` is the node's. */
const INNER_PORT = 8080;
/** The state folder of the image. */
const DATA_TARGET = '/data';

export function setService(document: Document, job: ServiceJob, forwarded: Record<string, string>): void {
  const open = job.role === 'proxy' && job.open ? ['--open'] : [];
  const listening = ['--host=0.0.0.0', `--port=${INNER_PORT}`, ...open];
  const parameters = [job.role, 'serve', ...listening, `--queue=${job.queue}`, ...job.args];
  const env = {
    ...forwarded,
    ...(job.allowedHosts === undefined ? {} : { WASM_SENSORS_ALLOWED_HOSTS: job.allowedHosts.join(',') }),
  };
  document.setIn(inTask('engine', 'params', 'image'), job.image);
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parameters));
  document.setIn(inTask('env'), document.createNode(env));
  document.setIn(inTask('network', 'ports', 0, 'static'), job.port);
  if (job.dataDir !== undefined) setDataDir(document, job.dataDir);
}

/** Keeps the role's state in a folder of the node. */
export function setDataDir(document: Document, folder: string): void {
  const source = { type: 'localDirectory', params: { sourcePath: folder, readWrite: true } };
  document.setIn(inTask('inputSources'), document.createNode([{ target: DATA_TARGET, source }]));
}
