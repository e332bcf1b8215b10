/** The queue of somebody else: the credentials for it, whether it is there, and each right that proxy and puller need. */
import { withoutSecrets } from '../../lib/net/url-secrets.js';
import { allShards } from '../../protocol/shard.js';
import { findIdentity } from '../../queue/aws-identity.js';
import { type QueueSettings, queueOptions } from '../../queue/open-queue.js';
import { checkQueueRights, type MissingRights, policyFor } from '../../queue/queue-rights.js';
import { type Finding, ok, type Part, problem, skipped } from '../check.js';

export const queueAccess: Part = ({ settings: { values } }) =>
  values.queue === undefined ? skipped('no queue is named: `up` starts its own') : findQueueProblems(values);

/** Rejects as `findIdentity` and `checkQueueRights` do. */
export async function findQueueProblems(settings: QueueSettings): Promise<Finding[]> {
  const identity = settings.queueUnsigned ? undefined : await findIdentity(queueOptions(settings));
  const credentials = identity ? ok(`credentials from ${identity.source}, region ${identity.region}`) : [];
  const missing: MissingRights[] = [];
  const found: Finding[] = [];
  const names: string[] = [];
  for (const shard of allShards(settings.shards)) {
    const options = { ...queueOptions(settings, shard), ...(identity ? { credentials: identity.credentials } : {}) };
    const checked = await checkQueueRights(options);
    const queue = withoutSecrets(options.queue);
    names.push(queue);
    missing.push(...checked.missing);
    if (checked.hasDeadLetters !== false) continue;
    const why = `${queue} has no dead-letter queue: a message that can't be stored stays in it until it expires`;
    const fix = 'Give it one with `aws sqs set-queue-attributes` (attribute RedrivePolicy).';
    found.push(problem('warning', why, fix));
  }
  if (missing.length > 0) found.unshift(deniedFinding(missing));
  const [first, ...others] = names;
  const answer = others.length > 0 ? `${first} and ${others.length} more answer` : `${first} answers`;
  return [...credentials, ...(found.length > 0 ? found : ok(`${answer}, and every right is there`))];
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
