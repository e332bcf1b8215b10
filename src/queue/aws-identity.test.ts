/** The SDK itself finds the credentials; nothing is called. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findIdentity } from './aws-identity.js';

beforeEach(() => {
  const none = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS', 'AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_REGION'];
  for (const name of [...none, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, '');
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/dev/null');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
const connection = { queue: 'readings', region: 'eu-west-1' };

test.each([
  [{ AWS_ACCESS_KEY_ID: 'AKIA', AWS_PROFILE: 'work' }, 'AWS_ACCESS_KEY_ID'],
  [{ AWS_ACCESS_KEY_ID: 'another', AWS_PROFILE: 'work' }, 'the profile work'],
  [{}, 'a profile, a login or a role'],
])('with %j the credentials come from %s', async (variables, source) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  expect(await findIdentity({ ...connection, credentials })).toMatchObject({
    region: 'eu-west-1',
    credentials,
    source,
  });
});

test.each([
  [-1, 'QUEUE_CREDENTIALS'],
  [3_600_000, undefined],
])('credentials that expire in %i ms: %s', async (ms, code) => {
  const expiration = new Date(Date.now() + ms);
  const found = await findIdentity({ ...connection, credentials: { ...credentials, ...{ expiration } } }).catch(
    (e) => e,
  );
  expect(found.code).toBe(code);
});
