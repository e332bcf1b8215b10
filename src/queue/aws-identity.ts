/** With which credentials and in which region SQS is called, found out without calling it. */
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { createClient, loadSdk, type SqsConnection } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';

export interface AwsIdentity {
  credentials: NonNullable<SqsConnection['credentials']>;
  region: string;
  /** Where the credentials come from, to complete "credentials from …". */
  source: string;
}

/** Rejects with `QUEUE_CREDENTIALS`, also for expired ones, and with `QUEUE_REGION_UNKNOWN`. */
export async function findIdentity(connection: SqsConnection): Promise<AwsIdentity> {
  const client = createClient(await loadSdk(), connection);
  try {
    const region = await client.config.region();
    const credentials = await client.config.credentials();
    const { expiration } = credentials;
    if (expiration !== undefined && expiration.getTime() < Date.now()) {
      throw missing(`they expired at ${expiration.toISOString()}`);
    }
    return { credentials, region, source: sourceText() };
  } catch (error) {
    const known = toQueueError(error, connection.queue);
    if (known.code !== 'QUEUE_CREDENTIALS' || error instanceof AppError) throw known;
    throw missing(messageOf(error), error);
  } finally {
    client.destroy();
  }
}

const PAIR = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
const unsetOfPair = () => PAIR.filter((name) => !process.env[name]);

function sourceText(): string {
  if (unsetOfPair().length === 0) return 'AWS_ACCESS_KEY_ID';
  const profile = process.env.AWS_PROFILE;
  return profile ? `the profile ${profile}` : 'a profile, a login or a role';
}

function missing(reason: string, cause?: unknown): AppError {
  const message = `there are no AWS credentials that can be used: ${reason}`;
  return new AppError('QUEUE_CREDENTIALS', message, { hint: hintText(), cause });
}

function hintText(): string {
  const unset = unsetOfPair();
  const profile = process.env.AWS_PROFILE;
  if (unset.length === 1) return `Set ${unset[0]}, too.`;
  if (unset.length === 0) {
    return 'Get new ones, and set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.';
  }
  return profile
    ? `Look at the profile with \`aws configure list --profile ${profile}\`, or sign in with \`aws sso login --profile ${profile}\`.`
    : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (in the environment or in .env) or AWS_PROFILE, or run `aws configure`.';
}
