/** With which credentials and in which region SQS is called, found out without calling it. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../lib/errors/app-error.js';
import { createClient, loadSdk, type SqsConnection } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';

export interface AwsIdentity {
  credentials: NonNullable<SqsConnection['credentials']>;
  region: string;
  /** Where the credentials come from, to complete "credentials from …". */
  source: string;
}

/** Machines of Amazon answer within milliseconds; elsewhere nobody does. */
const INSTANCE_ROLE_MS = 1_200;

/** Rejects with `QUEUE_CREDENTIALS`, also for expired ones, and with `QUEUE_REGION_UNKNOWN`. */
export async function findIdentity(connection: SqsConnection): Promise<AwsIdentity> {
  const client = createClient(await loadSdk(), connection);
  try {
    const region = await client.config.region();
    const credentials = await (hasSource() ? client.config.credentials() : soon(client.config.credentials()));
    const { expiration } = credentials;
    if (expiration !== undefined && expiration.getTime() < Date.now()) {
      throw missing(`they expired at ${expiration.toISOString()}`);
    }
    return { credentials, region, source: sourceText() };
  } catch (error) {
    const known = toQueueError(error, connection.queue);
    if (known.code !== 'QUEUE_CREDENTIALS' || error instanceof AppError) throw known;
    throw missing(error instanceof Error ? error.message : String(error), error);
  } finally {
    client.destroy();
  }
}

const isSet = (name: string) => Boolean(process.env[name]);

/** Whether anything but the role of a machine can give credentials. */
function hasSource(): boolean {
  const folder = join(homedir(), '.aws');
  return (
    ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'].some(isSet) ||
    ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'].some(isSet) ||
    existsSync(process.env.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials')) ||
    existsSync(process.env.AWS_CONFIG_FILE ?? join(folder, 'config'))
  );
}

function soon<T>(found: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(missing('none are set, and this machine has no role')), INSTANCE_ROLE_MS);
  });
  return Promise.race([found, late]).finally(() => clearTimeout(timer));
}

function sourceText(): string {
  if (isSet('AWS_ACCESS_KEY_ID') && isSet('AWS_SECRET_ACCESS_KEY')) return 'AWS_ACCESS_KEY_ID';
  return isSet('AWS_PROFILE') ? `the profile ${process.env.AWS_PROFILE}` : 'a profile, a login or a role';
}

function missing(reason: string, cause?: unknown): AppError {
  return new AppError('QUEUE_CREDENTIALS', `there are no AWS credentials that can be used: ${reason}`, {
    hint: hintText(),
    cause,
  });
}

function hintText(): string {
  const pair = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
  const unset = pair.filter((name) => !isSet(name));
  if (unset.length === 1) return `Set ${unset[0]}, too.`;
  const profile = process.env.AWS_PROFILE;
  if (profile && unset.length > 0) {
    return `Look at the profile with \`aws configure list --profile ${profile}\`, or sign in with \`aws sso login --profile ${profile}\`.`;
  }
  return unset.length === 0
    ? 'Get new ones, and set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.'
    : 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (in the environment or in .env) or AWS_PROFILE, or run `aws configure`.';
}
