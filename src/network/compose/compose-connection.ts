/** What another terminal needs to open a compose network; part of `run.json`. */
import { z } from 'zod';
import { forwardedSchema } from '../../jobs/job-environment.js';
import { QUEUE_NAME } from '../../queue/queue.js';
import { proxyEnvOf, sensorVariables } from '../sensor-secrets.js';
import type { ComposePlan } from './compose-plan.js';

export const composeConnectionSchema = z.object({
  project: z.object({ name: z.string(), folder: z.string() }),
  apiPort: z.number(),
  pullerPort: z.number(),
  /** Whether there is a node for service jobs. */
  withServices: z.boolean(),
  proxyJobPort: z.number(),
  pullerJobPort: z.number(),
  /** On this machine; left out when the network has no registry. */
  registryPort: z.number().optional(),
  /** The program's image that the containers run. */
  image: z.string(),
  /** Where service jobs reach the queue. */
  queueForJobs: z.string(),
  /** Names under which service jobs may be reached, beside those of their node. */
  allowedHosts: z.array(z.string()),
  /** Further arguments of service jobs: those of the containers. */
  serviceArgs: z.object({ proxy: z.array(z.string()), puller: z.array(z.string()) }),
  /** Names of variables, never values. */
  forwarded: forwardedSchema,
});

export type ComposeConnection = z.output<typeof composeConnectionSchema>;

/** Fixed by templates/compose.yaml: service jobs run in a Docker that does not know this network's names. */
const queueForJobs = (backbone: string) => `http://${backbone}.10:9324/000000000000/${QUEUE_NAME}`;
const proxyForJobs = (backbone: string) => `http://${backbone}.11:9090`;

/**
 * The connection of a network that was just started.
 *
 * @param started.backbone first three numbers of the backbone's addresses
 * @param started.withServices whether it has a web-services node
 */
export function connectionOf(
  plan: ComposePlan,
  { backbone, withServices }: { backbone: string; withServices: boolean },
): ComposeConnection {
  const { project, ports, settings, secrets, context } = plan;
  const { queueEndpoint, proxyArgs, pullerArgs } = settings;
  const endpoint = queueEndpoint === undefined ? [] : ['--queue-endpoint', queueEndpoint];
  const credentials = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  const others = [
    'WASM_SENSORS_TOKEN',
    'WASM_SENSORS_VIEWER_TOKEN',
    'WASM_SENSORS_WEBHOOK',
    ...Object.keys(proxyEnvOf(context)),
  ];
  return {
    project,
    apiPort: ports.API_PORT,
    pullerPort: ports.PULLER_PORT,
    withServices,
    proxyJobPort: ports.PROXY_JOB_PORT,
    pullerJobPort: ports.PULLER_JOB_PORT,
    ...(ports.REGISTRY_PORT === undefined ? {} : { registryPort: ports.REGISTRY_PORT }),
    image: plan.image,
    queueForJobs: settings.queue ?? queueForJobs(backbone),
    allowedHosts: settings.allowedHosts,
    serviceArgs: {
      proxy: [...endpoint, ...proxyArgs, '--follow', proxyForJobs(backbone)],
      puller: [...endpoint, ...pullerArgs, '--proxies', proxyForJobs(backbone)],
    },
    forwarded: {
      edge: ['HOSTNAME', 'REGION', ...sensorVariables(context)],
      updater: ['WASM_SENSORS_TOKEN'],
      services: [...credentials, ...others].filter((name) => secrets[name]),
    },
  };
}
