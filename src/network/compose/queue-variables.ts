/** Which queue the containers use, and with what credentials. */
import { usageError } from '../../lib/errors/app-error.js';
import { isLoopback } from '../../lib/net/browser-guard.js';
import type { Environment } from './compose-env.js';
import type { ComposeSettings } from './compose-plan.js';

/**
 * The variables that say so. With the embedded queue, no credentials of the operator enter containers. Rejects with
 * `QUEUE_NOT_REACHABLE` and `CREDENTIALS_MISSING`.
 */
export function queueVariables(
  { queue, queueEndpoint, awsRegion }: Pick<ComposeSettings, 'queue' | 'queueEndpoint' | 'awsRegion'>,
  environment: Pick<Environment, 'get'>,
): Record<string, string> {
  if (queue === undefined) {
    return {
      AWS_ACCESS_KEY_ID: 'embedded',
      AWS_SECRET_ACCESS_KEY: 'embedded',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_SQS: '',
      SQS_QUEUE_URL: '',
    };
  }
  for (const url of [queue, queueEndpoint ?? '']) {
    if (!URL.canParse(url) || !isLoopback(new URL(url).hostname)) continue;
    throw usageError(
      'QUEUE_NOT_REACHABLE',
      `containers can't reach ${url}: to them, that name is themselves`,
      'Name this machine as containers know it, such as host.docker.internal, or leave the queue out.',
    );
  }
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];
  const found = Object.fromEntries(names.map((name) => [name, environment.get(name) ?? '']));
  const foreign = queueEndpoint !== undefined || (URL.canParse(queue) && !/amazonaws\.com/.test(new URL(queue).host));
  if (!foreign && !(found.AWS_ACCESS_KEY_ID && found.AWS_SECRET_ACCESS_KEY)) {
    throw usageError(
      'CREDENTIALS_MISSING',
      'containers need AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for an Amazon queue',
      'Put them into .env; profiles and logins of this machine do not reach into containers.',
    );
  }
  return { ...found, AWS_REGION: awsRegion ?? '', AWS_ENDPOINT_URL_SQS: queueEndpoint ?? '', SQS_QUEUE_URL: queue };
}
