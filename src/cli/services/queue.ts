/** The embedded queue server. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../lib/errors/app-error.js';
import { hostNames } from '../../lib/net/browser-guard.js';
import { reportWarning } from '../../lib/process/shutdown.js';
import { allShards, queueOfShard } from '../../protocol/shard.js';
import { createQueueServer, type QueueServer } from '../../sqs-server/sqs-server.js';
import type { CommandContext } from '../command.js';
import type { QUEUE_OPTIONS } from '../commands/serve.command.js';
import { eventText, logEvent } from '../output/event-text.js';
import { refuseForeignFile, refuseOpen, runService } from './run-service.js';

/** Seconds after which messages that a killed puller held are delivered again; a puller needs milliseconds for one. */
const VISIBILITY_TIMEOUT = 10;
/** A message that was delivered this often and never deleted moves to the dead-letter queue. */
const MAX_RECEIVES = 50;

export const serveQueue = ({ settings, options }: CommandContext<typeof QUEUE_OPTIONS>): Promise<number> =>
  runService(settings, async (log) => {
    const { data = join(settings.stateDir, 'queue.db'), create, baseUrl, purgeInterval } = options;
    refuseOpen(settings, [], {
      code: 'QUEUE_OPEN_NEEDED',
      act: 'use the queues',
      hint: 'The queue server checks no credentials. Allow it with --open in a network that only its clients reach.',
    });
    refuseForeignFile(data, settings);
    mkdirSync(dirname(data), { recursive: true, mode: 0o700 });
    const hosts = hostNames(settings.host, settings.allowedHosts, baseUrl === undefined ? [] : [baseUrl]);
    const server = createQueueServer({
      path: data,
      purgeInterval,
      warn: (message) => log.warn('store.warning', message),
      onEvent(event) {
        logEvent(log, event);
        reportWarning(eventText(event));
      },
      ...(baseUrl ? { baseUrl } : {}),
      ...(hosts ? { hosts } : {}),
    });
    const { shards } = settings;
    const names = create === undefined ? [] : allShards(shards).map((shard) => queueOfShard(create, shard, shards));
    for (const name of names) await createWithDeadLetters(server, name);
    return {
      fetch: server.app.fetch,
      host: settings.host,
      port: settings.queuePort,
      purpose: 'queue',
      flag: '--port',
      onClose: () => server.close(),
    };
  });

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
async function createIfMissing({ app }: QueueServer, name: string, attributes: object): Promise<void> {
  const call = async (action: string, body: object) => {
    const headers = { host: 'localhost', 'x-amz-target': `AmazonSQS.${action}`, 'content-type': JSON_TYPE };
    return app.request('/', { method: 'POST', headers, body: JSON.stringify(body) });
  };
  if ((await call('GetQueueUrl', { QueueName: name })).ok) return;
  const response = await call('CreateQueue', { QueueName: name, Attributes: attributes });
  if (!response.ok) throw new AppError('QUEUE_CREATE_FAILED', `can't create the queue: ${await response.text()}`);
}
const JSON_TYPE = 'application/x-amz-json-1.0';
