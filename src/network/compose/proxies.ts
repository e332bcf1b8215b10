/** The proxies of a compose network, as its sensors reach them. */

/** On each region's network the service's name stands for it. */
export const COMPOSE_PROXY = 'http://sqs-proxy:9090';
/** The same program as a service job on the web-services node. */
const SERVICE_JOB_PROXY = 'http://web-services:8080';

/** A proxy by its service's name, or by the URL that it is already. */
export function namedProxy(name: string): string {
  if (name === 'web-services') return SERVICE_JOB_PROXY;
  return name === 'sqs-proxy' ? COMPOSE_PROXY : name;
}
