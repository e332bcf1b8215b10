/** The sensor host's control API, as schemas: what a client sends and what it gets (src/sensor-host/host-routes.ts). */
import { z } from 'zod';
import { hostEntry } from '../lib/net/host-list.js';
import { MODULE_NAMES } from '../modules/module-files.js';
import { isSha256 } from '../modules/module-store.js';

export const nodeSchema = z.object({
  name: z.string().min(1).max(255),
  region: z.string(),
  type: z.string(),
});

/** A file or folder of the host's machine that the module sees. */
const mountSchema = z.object({
  target: z.string().startsWith('/'),
  /** Path on the host's machine. */
  source: z.string().min(1),
  /** Bacalhau never lets a module write to its inputs; here it may. */
  writable: z.boolean().optional(),
});

/** `daemon`: on every node of the region, until it is stopped. `ops`: once on every node. `batch`: once on one node. */
const jobTypeSchema = z.enum(['daemon', 'ops', 'batch']);

/** A built-in module by its name, or one of the user by the hash of its content. */
const moduleSchema = z.union([
  z.enum(MODULE_NAMES),
  z.string().refine(isSha256, 'is neither a module of ours nor a SHA-256'),
]);

const hostSchema = z.string().refine((text) => hostEntry(text) === text, 'is not a host');

export const jobNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,100}$/, { error: 'must be letters, digits, dots, dashes, underscores' });

/** A job as submitted; `PUT /jobs/:name` takes it without the name. */
export const jobSpecSchema = z.strictObject({
  name: jobNameSchema,
  /** Edge nodes of this region; '' = of all regions. */
  region: z.string(),
  module: moduleSchema,
  type: jobTypeSchema,
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).default({}),
  mounts: z.array(mountSchema).default([]),
  /** Hosts that its requests may go to, each as `HOST` or `HOST:PORT`. */
  allow: z.array(hostSchema).default([]),
  /** Of sensors: what runs delivers what it keeps before this takes over. */
  handover: z.boolean().exactOptional(),
  /** Of who submits it; the host only shows them. */
  labels: z.record(z.string(), z.string()).exactOptional(),
});
export const jobBodySchema = jobSpecSchema.omit({ name: true });

export const executionSchema = z.object({
  id: z.string(),
  node: z.string(),
  state: z.enum(['starting', 'running', 'completed', 'failed', 'stopped']),
  /** Why it failed, or its last line; '' while it runs. */
  message: z.string(),
});

export const jobSchema = z.object({
  id: z.string(),
  name: z.string(),
  module: moduleSchema,
  region: z.string(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  /** Number of submissions of this name that changed something. */
  version: z.number(),
  state: z.enum(['pending', 'running', 'completed', 'failed', 'stopped']),
  message: z.string(),
  executions: z.array(executionSchema),
});

export const submissionSchema = z.object({ jobId: z.string(), version: z.number(), unchanged: z.boolean() });
export const nodesSchema = z.array(nodeSchema.extend({ connected: z.boolean() }));
export const jobsSchema = z.array(jobSchema);
export const stoppedSchema = z.object({ stopped: z.boolean() });
export const regionLinkSchema = z.strictObject({ connected: z.boolean(), onSite: hostSchema.optional() });

export type ClusterNode = z.output<typeof nodeSchema>;
export type JobSpec = z.input<typeof jobSpecSchema>;
export type ClusterJob = z.output<typeof jobSchema>;
export type ClusterExecution = z.output<typeof executionSchema>;
export type ClusterSubmission = z.output<typeof submissionSchema>;
export type Mount = z.output<typeof mountSchema>;
