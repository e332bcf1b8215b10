/** Translates errors of the AWS SDK into the codes of the `Queue` port. */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import type { ErrorCode } from '../lib/errors/codes.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';

/** The members of an SDK error that are read here. */
interface SdkError {
  name?: string;
  /** Of a network error: `ECONNREFUSED`; of an SQS error: its older name. */
  code?: string;
  Code?: string;
  $metadata?: { httpStatusCode?: number };
}

const THROTTLED = /Throttl|TooManyRequests|SlowDown|OverLimit|BandwidthLimit/;
const NOT_FOUND = /QueueDoesNotExist|NonExistentQueue|InvalidAddress|QueueDeletedRecently/;
const CREDENTIALS =
  /Credential|ExpiredToken|TokenRefresh|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidAccessKeyId|InvalidSecurity|MissingAuthenticationToken|IncompleteSignature|RequestExpired/;
const DENIED = /AccessDenied|NotAuthorized|Kms|OptInRequired/;
const NETWORK =
  /^(E(CONN|HOST|NET|PIPE|AI_|TIMEDOUT|NOTFOUND|ADDR)|ENOTFOUND|ETIMEDOUT|UND_ERR|TimeoutError|NetworkingError|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/** What the proxy and the puller do with a queue, as IAM names it. */
export const QUEUE_RIGHTS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueUrl',
  'sqs:GetQueueAttributes',
] as const;

/** `url`: the queue's URL or name; messages show it without its credentials. */
export function toQueueError(error: unknown, url: string): AppError {
  if (error instanceof AppError) return error;
  const queue = withoutSecrets(url);
  const { name = '', code = '', Code = '', $metadata } = (error ?? {}) as SdkError;
  const names = `${name} ${Code} ${code}`;
  const status = $metadata?.httpStatusCode ?? 0;
  const reason = withoutSecrets(messageOf(error));
  const fail = (known: ErrorCode, message: string, hint?: string) =>
    new AppError(known, message, { cause: error, hint });

  if (THROTTLED.test(names) || status === 429) {
    return fail('QUEUE_THROTTLED', `The queue ${queue} asks for fewer requests: ${reason}`);
  }
  if (NOT_FOUND.test(names)) {
    const hint = 'Check the name or URL, the region and the account, or create the queue.';
    return fail('QUEUE_NOT_FOUND', `There is no queue ${queue}.`, hint);
  }
  if (/PurgeQueueInProgress/.test(names)) {
    const hint = 'A queue can be emptied once in 60 seconds: try again in a minute.';
    return fail('QUEUE_PURGED_RECENTLY', `The queue ${queue} was emptied a moment ago.`, hint);
  }
  if (CREDENTIALS.test(names)) {
    const profile = process.env.AWS_PROFILE ? ` --profile ${process.env.AWS_PROFILE}` : '';
    const hint =
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if there is one) in the environment or in ' +
      `.env, or AWS_PROFILE, or sign in again, such as with \`aws sso login${profile}\`.`;
    return fail('QUEUE_CREDENTIALS', `The AWS credentials for ${queue} can't be used: ${reason}`, hint);
  }
  if (DENIED.test(names) || status === 403) {
    const hint = `The identity needs ${QUEUE_RIGHTS.slice(0, -1).join(', ')} and ${QUEUE_RIGHTS.at(-1)}.`;
    return fail('QUEUE_DENIED', `AWS refuses this use of ${queue}: ${reason}`, hint);
  }
  if (/region is missing/i.test(reason)) {
    const hint = 'Set AWS_REGION, or give the queue by its URL.';
    return fail('QUEUE_REGION_UNKNOWN', `The AWS region of ${queue} is not known.`, hint);
  }
  if (NETWORK.test(code) || NETWORK.test(name) || status >= 500) {
    const hint = 'Check the network and the endpoint, and whether the server of an embedded queue runs.';
    return fail('QUEUE_UNREACHABLE', `The queue ${queue} can't be reached: ${reason || code}`, hint);
  }
  return fail('QUEUE_ERROR', `The queue ${queue} refuses the request: ${reason}`);
}
