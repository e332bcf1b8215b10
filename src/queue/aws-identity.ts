/** With which credentials and in which region SQS is called, found out without calling it. */
import { createClient, loadSdk, type SqsConnection } from './sqs-client.js';
import { toQueueError } from './sqs-errors.js';

/**
 * Rejects with `QUEUE_CREDENTIALS`, also for expired ones, and with `QUEUE_REGION_UNKNOWN`. `source`: where the credentials
 * come from, to complete "credentials from …".
 */
export async function findIdentity(connection: SqsConnection) {
  const client = createClient(await loadSdk(), connection);
  try {
    const region = await client.config.region();
    const credentials = await client.config.credentials();
    const { expiration } = credentials;
    if (expiration !== undefined && expiration.getTime() < Date.now()) {
      throw Object.assign(new Error(`they expired at ${expiration.toISOString()}`), { name: 'ExpiredToken' });
    }
    const { AWS_ACCESS_KEY_ID: key, AWS_PROFILE: profile } = process.env;
    const elsewhere = profile ? `the profile ${profile}` : 'a profile, a login or a role';
    return { credentials, region, source: key === credentials.accessKeyId ? 'AWS_ACCESS_KEY_ID' : elsewhere };
  } catch (error) {
    throw toQueueError(error, connection.queue);
  } finally {
    client.destroy();
  }
}
