/** What the embedded queue server says of its store in `GET /ready` and `/stats`. Amazon's SQS has nothing like it. */
import { z } from 'zod';

export const queueServerStateSchema = z.object({
  /** Whether it takes messages. */
  status: z.enum(['ready', 'not ready']),
  /** Why it does not. */
  code: z.string().optional(),
  reason: z.string().optional(),
  /** Damaged files that are kept beside the store. */
  quarantined: z.array(z.string()).optional(),
  /** Its file was deleted or replaced in the last hour, and was written back. */
  writtenBack: z.object({ problem: z.string(), times: z.number(), agoMs: z.number() }).optional(),
  /** Damaged messages of queues without a dead-letter queue, which nobody receives. */
  damagedMessages: z.number().optional(),
  /** Milliseconds by which the wall clock was set; ignored until an hour has confirmed it. */
  clockStepMs: z.number().optional(),
});

export type QueueServerState = z.infer<typeof queueServerStateSchema>;
