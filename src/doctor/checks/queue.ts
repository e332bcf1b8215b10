/** The queue of somebody else: the credentials for it, whether it is there, and each right that proxy and puller need. */
import { withoutSecrets } from '../../lib/net/url-secrets.js';
import type { AwsIdentity } from '../../queue/aws-identity.js';
import { type QueueSettings, queueOptions } from '../../queue/open-queue.js';
import { checkQueueRights, type MissingRights, policyFor } from '../../queue/queue-rights.js';
import { type Finding, ok, type Part, problem, skipped } from '../check.js';

export const queueAccess: Part = async ({ settings, signedQueue, identity }) => {
  if (settings.values.queue === undefined) return skipped('no queue is named: `up` starts its own');
  const found = signedQueue ? await identity() : undefined;
  const credentials = found ? ok(`credentials from ${found.source}, region ${found.region}`) : [];
  return [...credentials, ...(await checkRights(settings.values, found?.credentials))];
};

/** Rejects as `checkQueueRights` does. `credentials`: undefined where calls are not signed. */
export async function checkRights(
  settings: QueueSettings,
  credentials: AwsIdentity['credentials'] | undefined,
): Promise<Finding[]> {
  const options = { ...queueOptions(settings), ...(credentials ? { credentials } : {}) };
  const { missing, hasDeadLetters } = await checkQueueRights(options);
  const found = [
    ...(missing.length > 0 ? [deniedFinding(missing)] : []),
    ...(hasDeadLetters === false ? [noDeadLetters(options.queue)] : []),
  ];
  return found.length > 0 ? found : ok(`${withoutSecrets(options.queue)} answers, and every right is there`);
}

function deniedFinding(missing: MissingRights[]): Finding {
  const rights = [...new Set(missing.flatMap((one) => one.rights))];
  return {
    status: 'failure',
    code: 'QUEUE_DENIED',
    why: `AWS refuses ${rights.join(', ')}: ${missing[0]?.reason}`,
    fix: "Attach this policy to the identity (`aws iam put-user-policy` or `put-role-policy`), or let the queue's own policy allow it:",
    details: JSON.stringify(policyFor(missing), null, 2).split('\n'),
  };
}

const noDeadLetters = (queue: string): Finding =>
  problem(
    'warning',
    `${withoutSecrets(queue)} has no dead-letter queue: a message that can't be stored stays in it until it expires`,
    'Give it one with `aws sqs set-queue-attributes` (attribute RedrivePolicy).',
  );
