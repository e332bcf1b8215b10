/** Variables that the nodes of a network forward to jobs: names, never values. */
import { z } from 'zod';

export const forwardedSchema = z.object({
  /** To sensors. */
  edge: z.array(z.string()),
  /** To the config-updater: the operator token, where nodes have it. */
  updater: z.array(z.string()),
  /** To the proxy and the puller. */
  services: z.array(z.string()),
});
export type Forwarded = z.output<typeof forwardedSchema>;
