/** What another terminal needs to know to use a remote network; part of `run.json`. No credentials. */
import { z } from 'zod';

export const remoteConnectionSchema = z.object({
  /** Path of the program here. */
  bacalhau: z.string(),
  api: z.object({
    host: z.string(),
    port: z.number(),
    tls: z.object({ caFile: z.string().exactOptional(), insecure: z.boolean().exactOptional() }).exactOptional(),
  }),
  /** Where sensors find the proxy. */
  proxyUrl: z.string(),
  /** Variables that sensors need. */
  forSensors: z.array(z.string()),
  /** They go into the job, where every user of the cluster can read them; else its nodes must have them. */
  tokenInJob: z.boolean(),
});

export type RemoteConnection = z.output<typeof remoteConnectionSchema>;
