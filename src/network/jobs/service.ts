/** Fills the document of the proxy or the puller as a service job. */
import type { Document } from 'yaml';
import type { ServiceJob } from '../network.js';
import { inTask } from './template.js';

/** The port in the container; `job.port` is the node's. */
const INNER_PORT = 8080;

export function setService(document: Document, job: ServiceJob, forwarded: string[]): void {
  const portFlag = job.role === 'proxy' ? '--port' : '--puller-port';
  const parameters = [job.role, 'serve', '--host=0.0.0.0', `${portFlag}=${INNER_PORT}`, `--queue=${job.queue}`];
  document.setIn(inTask('engine', 'params', 'image'), job.image);
  document.setIn(inTask('engine', 'params', 'parameters'), document.createNode(parameters));
  document.setIn(
    inTask('env'),
    document.createNode(Object.fromEntries(forwarded.map((name) => [name, `env:${name}`]))),
  );
  document.setIn(inTask('network', 'ports', 0, 'static'), job.port);
}
