/** What another terminal needs to know to use a native network; part of `run.json`. */
import { z } from 'zod';
import { forwardedSchema } from '../../jobs/forwarded-env.js';

export const nativeConnectionSchema = z.object({
  /** Path of the program that the network was started with. */
  bacalhau: z.string(),
  api: z.object({ host: z.string(), port: z.number() }),
  webUi: z.string(),
  /** Whether there is a node for service jobs. */
  docker: z.boolean(),
  /** By region. */
  sensorProxyUrls: z.record(z.string(), z.string()),
  /** Names of variables, never values. */
  forwarded: forwardedSchema,
});

export type NativeConnection = z.output<typeof nativeConnectionSchema>;
