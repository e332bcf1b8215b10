/** What the AWS SDK finds out: the credentials, the region and the endpoint of a queue. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { AppError } from '../lib/errors/app-error.js';
import { withoutSecrets } from '../lib/net/url-secrets.js';

export interface SqsConnection {
  /** The queue's URL, or its name (which `GetQueueUrl` resolves). */
  queue: string;
  /** Default: the one in the queue's URL, then the SDK's (`AWS_REGION`, profile). */
  region?: string;
  /** Origin of an SQS-compatible server. Default: `AWS_ENDPOINT_URL_SQS`, `AWS_ENDPOINT_URL`, then AWS itself. */
  endpoint?: string;
  /** The server (at an `http:` endpoint) checks no signatures, like the embedded one: it is called without the SDK. */
  unsigned?: boolean;
  /** Default: the SDK's chain (`AWS_*`, profiles, SSO, container and instance roles). */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** Loaded late: the SDK takes 50 ms to load, and most commands use no queue. */
export async function loadSdk() {
  // The SDK's warning about its future versions is for developers, not for operators.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return await import('@aws-sdk/client-sqs');
}

export type Sdk = Awaited<ReturnType<typeof loadSdk>>;

export function createClient(sdk: Sdk, connection: SqsConnection): SQSClient {
  const endpoint = endpointOf(connection);
  const region = connection.region ?? regionOf(connection.queue) ?? defaultRegion(endpoint);
  return new sdk.SQSClient({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(connection.credentials === undefined ? {} : { credentials: connection.credentials }),
  });
}

/** Where to send requests for a queue. For a name the SDK knows: it depends on profiles, and on settings for FIPS and IPv6. */
export async function findEndpoint(sdk: Sdk, client: SQSClient, connection: SqsConnection): Promise<URL> {
  const { queue } = connection;
  const known = endpointOf(connection) ?? queueUrlOf(queue)?.origin;
  if (known !== undefined) return new URL(known);
  const found: URL[] = [];
  client.middlewareStack.add(
    () =>
      async ({ request }) => {
        const { protocol, hostname, port } = request as { protocol: string; hostname: string; port?: number };
        found.push(new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`));
        return { response: undefined, output: { $metadata: {} } };
      },
    { step: 'build' },
  );
  await client.send(new sdk.GetQueueUrlCommand({ QueueName: queue }));
  return found[0]!;
}

/**
 * The endpoint to pass explicitly, if any. Without that the SDK prefers the origin of the queue's URL to
 * `AWS_ENDPOINT_URL_SQS`, and messages meant for a local server would go to AWS.
 */
export function endpointOf({ queue, endpoint: given }: SqsConnection): string | undefined {
  const ignored = process.env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true';
  const fromEnvironment = process.env.AWS_ENDPOINT_URL_SQS || process.env.AWS_ENDPOINT_URL || undefined;
  const url = queueUrlOf(queue);
  const endpoint = given ?? (ignored ? undefined : fromEnvironment);
  if (endpoint === undefined) {
    // The queue of another server, whose endpoint is in the URL.
    return url && !AWS_DOMAIN.test(url.hostname) ? url.origin : undefined;
  }
  const origin = originOf(endpoint);
  if (url && url.origin !== origin) {
    throw new AppError(
      'QUEUE_ENDPOINT_MISMATCH',
      `The queue ${withoutSecrets(queue)} is not at the endpoint ${withoutSecrets(endpoint)}.`,
      {
        hint: 'Give the queue by its name, use the URL of that endpoint, or unset AWS_ENDPOINT_URL_SQS and AWS_ENDPOINT_URL.',
      },
    );
  }
  return origin;
}

/** The queue as a URL; undefined when it is a name. Throws `QUEUE_INVALID` when it can be neither. */
export function queueUrlOf(queue: string): URL | undefined {
  if (/^https?:\/\//i.test(queue) && URL.canParse(queue)) return new URL(queue);
  // Names have neither of these; ARNs and other URLs do.
  if (!/[:/]/.test(queue)) return undefined;
  throw new AppError('QUEUE_INVALID', `The queue ${withoutSecrets(queue)} is neither an http(s) URL nor a name.`, {
    hint: 'Give its URL, such as https://sqs.us-east-1.amazonaws.com/123456789012/readings, or its name alone.',
  });
}

function originOf(endpoint: string): string {
  if (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint)) return new URL(endpoint).origin;
  throw new AppError('QUEUE_ENDPOINT_INVALID', `The queue endpoint ${withoutSecrets(endpoint)} is not an http(s) URL.`);
}

const AWS_DOMAIN = /\.(amazonaws\.com(\.cn)?|api\.aws)$/;
const AWS_HOST = /^(?:sqs(?:-fips)?\.([a-z0-9-]+)|(?:([a-z0-9-]+)\.)?queue)\.amazonaws\.com(?:\.cn)?$/;

/** The region that the queue's URL names. */
export function regionOf(queue: string): string | undefined {
  const match = AWS_HOST.exec(queueUrlOf(queue)?.hostname ?? '');
  return match?.[1] ?? match?.[2];
}

/** The SDK ignores `AWS_DEFAULT_REGION`, which boto3 and the AWS CLI read; other servers need no real region. */
function defaultRegion(endpoint: string | undefined): string | undefined {
  if (process.env.AWS_REGION) return undefined;
  return process.env.AWS_DEFAULT_REGION || (endpoint === undefined ? undefined : 'us-east-1');
}
