/** What a network offers to jobs. */
import { z } from 'zod';
import type { ModuleName } from '../modules/module-files.js';

/** Variables that the nodes of a network forward to jobs: names, never values. */
export const forwardedSchema = z.object({
  /** To sensors. */
  edge: z.array(z.string()),
  /** To the config-updater: the operator token, where nodes have it. */
  updater: z.array(z.string()),
  /** To the proxy and the puller. */
  services: z.array(z.string()),
});

export interface JobEnvironment {
  /** Bytes of a built module. */
  module(name: ModuleName): Promise<Uint8Array>;
  /** Where nodes of a region download a module that does not fit into a job. */
  moduleUrl(region: string, sha256: string): string;
  forwarded: z.output<typeof forwardedSchema>;
  /** Id of the state folder that submits jobs; left out where all jobs of a network are its own. */
  owner?: string;
  /** Variables in the job document itself, where the nodes have none to forward to sensors. */
  given?: Record<string, string>;
}
