/** `GET /metrics` of the queue server (docs/metrics.md). */
import { labelled, Metrics } from '../lib/metrics/metrics.js';
import type { QueueService } from './queue-service.js';
import type { QueueServerStats } from './sqs-server.js';

export function queueMetrics(service: QueueService, stats: () => QueueServerStats): Metrics {
  const metrics = new Metrics('wasm_sensors_queue_');
  const counter = metrics.counter.bind(metrics);
  const gauge = metrics.gauge.bind(metrics);
  const total = (name: 'added' | 'delivered' | 'redelivered', help: string) =>
    counter(`messages_${name}_total`, help, () =>
      service.readableQueues.map(({ record, messages }) => [{ queue: record.name }, messages.totals[name]]),
    );

  total('added', 'Messages that were sent to the queue, or became dead letters there, once they are on disk.');
  total('delivered', 'Deliveries of messages to receivers.');
  total('redelivered', 'Deliveries of messages that had been delivered before.');
  counter('messages_removed_total', 'Messages that left the queue, by reason.', () =>
    service.readableQueues.flatMap(({ record, messages }) =>
      labelled('reason', Object.entries(messages.removed), { queue: record.name }),
    ),
  );
  gauge('messages', 'Messages in the queue, by state.', () =>
    stats().queues.flatMap(({ name, visible, inFlight, delayed }) =>
      labelled('state', Object.entries({ visible, in_flight: inFlight, delayed }), { queue: name }),
    ),
  );
  const age = 'Age of the oldest message that is not deleted; 0 when there is none.';
  gauge('oldest_message_age_seconds', age, () =>
    stats().queues.map(({ name, oldestAgeMs = 0 }) => [{ queue: name }, oldestAgeMs / 1000]),
  );
  const refused = 'Requests of the SQS API that were refused, by error code.';
  counter('requests_total', 'Requests of the SQS API, by action.', () =>
    labelled('action', Object.entries(stats().requests)),
  );
  counter('refusals_total', refused, () => labelled('reason', Object.entries(stats().refused)));
  counter('commits_total', 'Transactions that were synced to disk.', () => stats().commits);
  const { store } = service;
  const ready = 'Whether the store takes messages: 0 while its file is lost or its disk full.';
  gauge('store_ready', ready, () => (store.problem ? 0 : 1));
  const quarantined = 'Damaged files that are kept beside the store.';
  gauge('store_quarantined_files', quarantined, () => store.state.quarantined?.length ?? 0);
  const writtenBack = 'Whether the file of the store was deleted or replaced in the last hour, and was written back.';
  gauge('store_written_back', writtenBack, () => (store.state.writtenBack ? 1 : 0));
  const damaged = 'Damaged messages that nobody receives, because their queue has no dead-letter queue.';
  gauge('damaged_messages', damaged, () => store.state.damagedMessages ?? 0);
  return metrics;
}
