/** Events and alerts of the puller as sentences. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { ClockEvent } from '../../lib/time/elapsed-clock.js';
import type { PullerEvent, PullerTask } from '../../puller/failure-reporter.js';
import type { StoreFileEvent } from '../../puller/sinks/store-file.js';

export function alertText(alert: AlertEvent): string {
  // A puller of another version may send other types.
  if (alert.type !== 'region.silent') return alert.text;
  const { region, firing, silent_ms, over } = alert;
  if (firing) return `no reading from ${region} for ${Math.round(silent_ms / 1000)} s`;
  return over === 'reporting' ? `${region} is reporting again` : `${region} has no active sensors`;
}

/** What each task does, after "can't", and after it works again. */
const TASKS: Record<Exclude<PullerTask, `sink:${string}`>, [string, string]> = {
  receive: ['receive from the queue', 'receiving from the queue'],
  accept: ['store readings', 'storing readings'],
  delete: ['delete messages from the queue', 'deleting messages from the queue'],
  'dead-letter': ['move a message to the dead-letter queue', 'moving messages to the dead-letter queue'],
  checkpoint: ['save the fleet view to the store', 'saving the fleet view to the store'],
  retention: ['delete old readings from the store', 'deleting old readings from the store'],
  'check-store': ['keep the store in its place', 'the store is in its place'],
};

export function pullerText(event: PullerEvent): string {
  if (event.type === 'webhook.failed') return `the alert was not delivered to the webhook: ${event.message}`;
  if (event.type === 'store.damaged-rows') {
    return `${event.count} rows of the store are damaged: their checksums are wrong, and they are not shown`;
  }
  if (event.type === 'database-rewritten' || event.type === 'database-quarantined') return databaseText(event);
  if (event.type !== 'puller.failing' && event.type !== 'puller.recovered') return clockText(event);
  const { task } = event;
  const [verb, continuing] = isSinkTask(task)
    ? [`write to the ${task.slice('sink:'.length)} sink`, `writing to the ${task.slice('sink:'.length)} sink`]
    : TASKS[task];
  return event.type === 'puller.failing' ? `can't ${verb}, retrying: ${event.message}` : `${continuing} again`;
}

const isSinkTask = (task: PullerTask): task is `sink:${string}` => task.startsWith('sink:');

/** A database that was written anew; see {@link DatabaseQuarantined}. */
function databaseText(event: StoreFileEvent): string {
  const { path, problem, quarantined } = event;
  if (event.type === 'database-rewritten') {
    const instead = quarantined === undefined ? '' : `; what was in its place is now ${quarantined}`;
    return `${path} was ${problem} while it was in use; it is written back, and nothing is missing${instead}`;
  }
  const rows = Object.entries(event.salvaged).map(([table, count]) => `${count} ${table}`);
  const saved = rows.length > 0 ? `saved from it: ${rows.join(', ')}` : 'nothing could be read of it';
  return `${path} was damaged (${problem}) and is begun anew; ${saved}${quarantined === '' ? '' : `; the damaged one is kept as ${quarantined}`}`;
}

/** The wall clock was set; what goes by elapsed time is not changed by it. */
function clockText({ type, byMs }: ClockEvent): string {
  const by = aheadText(byMs);
  if (type === 'clock-corrected') return `the clock is right again; it was ${by}`;
  if (type === 'clock-step-confirmed') return `the clock has been ${by} for an hour: that counts from now on`;
  return clockAheadText(byMs);
}

/** `ms`: how far the clock is ahead of the time that has passed. */
export const clockAheadText = (ms: number): string =>
  `the clock was set ${aheadText(ms)}; nothing is deleted because of it until it has lasted an hour`;

const aheadText = (ms: number) => `${durationText(Math.abs(ms))} ${ms > 0 ? 'forward' : 'back'}`;

const UNITS: [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];

function durationText(ms: number): string {
  const [unit, name] = UNITS.find(([size]) => ms >= 2 * size) ?? [1000, 's'];
  return `${Math.round(ms / unit)} ${name}`;
}
