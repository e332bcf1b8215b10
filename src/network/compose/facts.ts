/** What another terminal needs to know about a compose network; part of `run.json`. */
import { z } from 'zod';

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
  forwarded: z.object({ edge: z.array(z.string()), services: z.array(z.string()) }),
});

export type ComposeFacts = z.output<typeof composeFactsSchema>;
