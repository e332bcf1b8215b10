/** The proxies of a compose network, as its sensors reach them. */

/** On each region's network the service's name stands for it. */
export const COMPOSE_PROXY = 'http://sqs-proxy:9090';
/** Service of the node that runs the same program as a service job. */
export const SERVICES_NODE = 'web-services';
const SERVICE_JOB_PROXY = `http://${SERVICES_NODE}:8080`;

/** What `deploy publisher --proxy` takes for a URL. */
export const PROXY_NAMES = { 'sqs-proxy': COMPOSE_PROXY, [SERVICES_NODE]: SERVICE_JOB_PROXY };
