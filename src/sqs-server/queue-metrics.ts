/** `GET /metrics` of the queue server (docs/metrics.md). */
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import type { QueueService } from './queue-service.js';
import type { QueueServerStats } from './sqs-server.js';

export function queueMetrics(service: QueueService, stats: () => QueueServerStats): Metrics {
  const metrics = new Metrics('wasm_sensors_queue_');
  const totals = [
    ['added', 'Messages that were sent or moved to the queue, once they are on disk.'],
    ['delivered', 'Deliveries of messages to receivers.'],
    ['redelivered', 'Deliveries of messages that had been delivered before.'],
  ] as const;
  for (const [name, help] of totals) {
    metrics.counter(`messages_${name}_total`, help, () =>
      service.readableQueues.map(({ record, messages }) => [{ queue: record.name }, messages.totals[name]]),
    );
  }
  metrics.counter('messages_removed_total', 'Messages that left the queue, by reason.', () =>
    service.readableQueues.flatMap(({ record, messages }) =>
      labelled('reason', Object.entries(messages.removed), { queue: record.name }),
    ),
  );
  metrics.gauge('messages', 'Messages in the queue, by state.', () =>
    stats().queues.flatMap(({ name, visible, inFlight, delayed }) =>
      labelled('state', Object.entries({ visible, in_flight: inFlight, delayed }), { queue: name }),
    ),
  );
  metrics.gauge(
    'oldest_message_age_seconds',
    'Age of the oldest message that is not deleted; 0 when there is none.',
    () => stats().queues.map(({ name, oldestAgeMs = 0 }) => [{ queue: name }, oldestAgeMs / 1000]),
  );
  metrics.counter('requests_total', 'Requests of the SQS API, by action.', () =>
    labelled('action', Object.entries(stats().requests)),
  );
  metrics.counter('refusals_total', 'Requests of the SQS API that were refused, by error code.', () =>
    labelled('reason', Object.entries(stats().refused)),
  );
  metrics.counter('commits_total', 'Transactions that were synced to disk.', () => stats().commits);
  metrics.gauge('store_ready', 'Whether the store takes messages: 0 while its file is lost or its disk full.', () =>
    service.store.state.status === 'ready' ? 1 : 0,
  );
  metrics.gauge(
    'store_quarantined_files',
    'Damaged files that are kept beside the store.',
    () => service.store.state.quarantined?.length ?? 0,
  );
  metrics.gauge(
    'store_written_back',
    'Whether the file of the store was deleted or replaced in the last hour, and was written back.',
    () => (service.store.state.writtenBack ? 1 : 0),
  );
  metrics.gauge(
    'damaged_messages',
    'Damaged messages that nobody receives, because their queue has no dead-letter queue.',
    () => service.store.state.damagedMessages ?? 0,
  );
  return metrics;
}
