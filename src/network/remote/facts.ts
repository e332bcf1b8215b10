/** What another terminal needs to know about a remote network; part of `run.json`. No credentials. */
import { z } from 'zod';

export const remoteFactsSchema = z.object({
  /** Path of the program here. */
  bacalhau: z.string(),
  api: z.object({
    host: z.string(),
    port: z.number(),
    tls: z.object({ caFile: z.string().exactOptional(), insecure: z.boolean().exactOptional() }).exactOptional(),
  }),
  /** Where sensors find the proxy. */
  proxyUrl: z.string(),
});

export type RemoteFacts = z.output<typeof remoteFactsSchema>;
