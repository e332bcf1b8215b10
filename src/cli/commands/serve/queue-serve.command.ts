import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { SERVICE_FLAGS } from '../../../config/service-config.js';
import { AppError } from '../../../lib/errors/app-error.js';
import { hostNames, isLoopback } from '../../../lib/net/browser-guard.js';
import { reportWarning } from '../../../lib/process/shutdown.js';
import type { QueueServer } from '../../../sqs-server/sqs-server.js';
import type { CommandSpec } from '../../command.js';
import { urlOption } from '../../command-options.js';
import { logEvent } from '../../output/event-log.js';
import { queueStoreText } from '../../output/store-text.js';

/** Seconds after which messages that a killed puller held are delivered again; a puller needs milliseconds for one. */
const VISIBILITY_TIMEOUT = 10;
/** A message that was delivered this often and never deleted moves to the dead-letter queue. */
const MAX_RECEIVES = 50;

export const queueServe: CommandSpec = {
  name: 'queue serve',
  summary: 'run the embedded SQS-compatible queue server (durable; for AWS SDKs, boto3 and the AWS CLI)',
  settings: SERVICE_FLAGS.queue,
  options: [
    new Option('--data <file>', 'file of the store (default: queue.db in the state folder)'),
    new Option('--create <name>', 'create this queue and its dead-letter queue <name>-dead'),
    new Option('--base-url <url>', 'origin of the queue URLs that clients are given'),
    new Option('--no-purge-interval', 'allow PurgeQueue of a queue more often than once in 60 seconds'),
  ],
  examples: [
    'wasm-sensors queue serve --create readings',
    'aws sqs receive-message --endpoint-url http://127.0.0.1:9324 --queue-url http://127.0.0.1:9324/000000000000/readings',
  ],
  async action(context) {
    const { settings, options } = context;
    const [{ createQueueServer }, { runService, serveUntilStopped }] = await Promise.all([
      import('../../../sqs-server/sqs-server.js'),
      import('../../serve-role.js'),
    ]);
    return runService(context, async (log) => {
      if (!isLoopback(settings.host) && !settings.open) {
        throw new AppError(
          'QUEUE_OPEN_NEEDED',
          `listening on ${settings.host}, anybody who reaches this machine could use the queues`,
          {
            hint: 'The queue server checks no credentials. Allow it with --open in a network that only its clients reach.',
          },
        );
      }
      const baseUrl = urlOption(options.baseUrl, '--base-url');
      const path = (options.data as string | undefined) ?? join(settings.stateDir, 'queue.db');
      mkdirSync(dirname(path), { recursive: true });
      const hosts = hostNames(settings.host, settings.allowedHosts, baseUrl === undefined ? [] : [baseUrl]);
      const server = createQueueServer({
        ...{
          path,
          purgeInterval: options.purgeInterval !== false,
          warn: (message: string) => log.warn('store.warning', message),
        },
        onEvent(event) {
          const text = queueStoreText(event);
          logEvent(log, event, text);
          reportWarning(text);
        },
        ...(baseUrl ? { baseUrl } : {}),
        ...(hosts ? { hosts } : {}),
      });
      if (options.create !== undefined) await createWithDeadLetters(server, String(options.create));
      return serveUntilStopped({
        log,
        fetch: server.app.fetch,
        host: settings.host,
        port: settings.queuePort,
        purpose: 'queue',
        flag: '--port',
        onClose: () => server.close(),
      });
    });
  },
};

async function createWithDeadLetters(server: QueueServer, name: string): Promise<void> {
  const dead = `${name}-dead`;
  await createIfMissing(server, dead, {});
  const arn = `arn:aws:sqs:us-east-1:000000000000:${dead}`;
  await createIfMissing(server, name, {
    VisibilityTimeout: String(VISIBILITY_TIMEOUT),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: MAX_RECEIVES }),
  });
}

/** An existing queue keeps its attributes, which somebody may have changed; creating it with others would fail. */
async function createIfMissing(server: QueueServer, name: string, attributes: object): Promise<void> {
  if ((await call(server, 'GetQueueUrl', { QueueName: name })).ok) return;
  const response = await call(server, 'CreateQueue', { QueueName: name, Attributes: attributes });
  if (!response.ok) throw new AppError('QUEUE_CREATE_FAILED', `can't create the queue: ${await response.text()}`);
}

const call = async (server: QueueServer, action: string, body: object): Promise<Response> =>
  server.app.request('/', {
    method: 'POST',
    headers: { host: 'localhost', 'x-amz-target': `AmazonSQS.${action}`, 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(body),
  });
