/** Events and alerts of the puller as sentences. */
import type { AlertEvent } from '../../fleet/fleet-events.js';
import type { PullerEvent, PullerTask } from '../../puller/failure-reporter.js';

export function alertText({ type, region, firing, silent_ms, over, text }: AlertEvent): string {
  // A puller of another version may send other types.
  if (type !== 'region.silent') return text;
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
};

export function pullerText(event: PullerEvent): string {
  if (event.type === 'webhook.failed') return `the alert was not delivered to the webhook: ${event.message}`;
  const { task } = event;
  const [verb, continuing] = isSinkTask(task)
    ? [`write to the ${task.slice('sink:'.length)} sink`, `writing to the ${task.slice('sink:'.length)} sink`]
    : TASKS[task];
  return event.type === 'puller.failing' ? `can't ${verb}, retrying: ${event.message}` : `${continuing} again`;
}

const isSinkTask = (task: PullerTask): task is `sink:${string}` => task.startsWith('sink:');
