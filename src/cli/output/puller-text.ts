/** Events and alerts of the puller as sentences. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { PullerEvent, PullerTask } from '../../puller/failure-reporter.js';
import type { DatabaseRewritten } from '../../store/sqlite/store-file.js';
import { clockText, quarantinedDatabaseText, salvagedText } from './store-text.js';
import { countText } from './terminal-text.js';

export function alertText(alert: AlertEvent): string {
  if (alert.type === 'dead-letters') {
    if (!alert.firing) return 'no dead letters any more';
    return `${countText(alert.count, 'dead letter')} in the queue; \`wasm-sensors queue dead-letters\` lists them`;
  }
  // A puller of another version may send other types.
  if (alert.type !== 'region.silent') return alert.text;
  const { region, firing, silent_ms, over } = alert;
  if (firing) return `no reading from ${region} for ${Math.round(silent_ms / 1000)} s`;
  return over === 'reporting' ? `${region} is reporting again` : `${region} has no active sensors`;
}

/** What each task does, after "can't", and after it works again. */
const TASKS: Record<PullerTask, [string, string]> = {
  receive: ['receive from the queue', 'receiving from the queue'],
  accept: ['store readings', 'storing readings'],
  delete: ['delete messages from the queue', 'deleting messages from the queue'],
  'count-dead-letters': ['count the dead letters', 'counting the dead letters'],
  'dead-letter': ['move a message to the dead-letter queue', 'moving messages to the dead-letter queue'],
  checkpoint: ['save the fleet view to the store', 'saving the fleet view to the store'],
  retention: ['delete old readings from the store', 'deleting old readings from the store'],
  'roll-up': ['roll up readings by minute and hour', 'rolling up readings'],
  'check-store': ['keep the store in its place', 'the store is in its place'],
};

export function pullerText(event: PullerEvent): string {
  if (event.type === 'webhook.failed') return `the alert was not delivered to the webhook: ${event.message}`;
  if (event.type === 'puller.dead-letters') {
    const { count, reason, id } = event;
    return `${countText(count, 'dead letter')}: ${reason} (${count > 1 ? 'the first is ' : ''}message ${id})`;
  }
  if (event.type === 'store.damaged-rows') {
    return `${event.count} rows of the store are damaged: their checksums are wrong, and they are not shown`;
  }
  if (event.type === 'database-rewritten') return rewrittenText(event);
  if (event.type === 'database-quarantined') return quarantinedDatabaseText(event);
  if (event.type !== 'puller.failing' && event.type !== 'puller.recovered') return clockText(event);
  const [verb, continuing] = TASKS[event.task];
  return event.type === 'puller.failing' ? `can't ${verb}, retrying: ${event.message}` : `${continuing} again`;
}

/** The file of the store was written back from its open handle. */
function rewrittenText({ path, problem, quarantined, salvaged }: DatabaseRewritten): string {
  const instead = quarantined === undefined ? '' : `; what was in its place is kept as ${quarantined}`;
  return `${path} was ${problem} while it was in use. It is written back; ${salvaged ? salvagedText(salvaged) : 'nothing is missing'}${instead}`;
}
