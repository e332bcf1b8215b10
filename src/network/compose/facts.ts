/** What another terminal needs to know about a compose network; part of `run.json`. */
import { z } from 'zod';
import { forwardedSchema } from '../jobs/forwarded.js';
import { type ComposePlan, queueForJobs } from './settled.js';

export const composeFactsSchema = z.object({
  project: z.object({ name: z.string(), folder: z.string() }),
  apiPort: z.number(),
  pullerPort: z.number(),
  proxyJobPort: z.number(),
  pullerJobPort: z.number(),
  /** On this machine; undefined when the network has none. */
  registryPort: z.number().optional(),
  /** The program's image, as containers run it. */
  image: z.string(),
  /** The queue, as service jobs reach it. */
  queueForJobs: z.string(),
  /** Names of variables, never values. */
  forwarded: forwardedSchema,
});

export type ComposeFacts = z.output<typeof composeFactsSchema>;

/** Of a network that was just started. */
export function factsOf(plan: ComposePlan, backbone: string): ComposeFacts {
  const { project, ports, settings, secrets, context } = plan;
  const forServices = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  const tokens = ['WASM_SENSORS_TOKEN', ...Object.keys(context.sensorEnv)];
  return {
    project,
    apiPort: ports.API_PORT,
    pullerPort: ports.PULLER_PORT,
    proxyJobPort: ports.PROXY_JOB_PORT,
    pullerJobPort: ports.PULLER_JOB_PORT,
    ...(settings.registry ? { registryPort: ports.REGISTRY_PORT } : {}),
    image: plan.image,
    queueForJobs: queueForJobs(plan, backbone),
    forwarded: {
      edge: ['HOSTNAME', 'REGION', ...Object.keys(context.sensorEnv)],
      updater: ['WASM_SENSORS_TOKEN'],
      services: [...forServices.filter((name) => secrets[name]), ...tokens],
    },
  };
}
