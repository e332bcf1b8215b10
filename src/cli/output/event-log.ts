/** Events as lines of a log. */
import type { LogLevel } from '../../lib/log/log-line.js';
import type { Logger } from '../../lib/log/logger.js';

/** Events that nobody has to look at; all others are warnings. */
const LEVELS: Record<string, LogLevel> = {
  'batch.sent': 'debug',
  'request.refused': 'debug',
  'network.progress': 'debug',
  'queue.recovered': 'info',
  'puller.recovered': 'info',
  'store-restored': 'info',
  'store-writable': 'info',
  'clock-corrected': 'info',
  'clock-step-confirmed': 'info',
  'sensor.completed': 'info',
  'sensor.failed': 'error',
  'child.ready': 'info',
  'child.restarted': 'info',
  'network.port-moved': 'info',
  'job.restarted': 'info',
  'docker.answering': 'info',
  'orphan.removed': 'info',
  'environment.made': 'info',
};

/** Its fields are those of the event; a message that the sentence quotes is not repeated. */
export function logEvent(log: Logger, event: { type: string; message?: string }, text: string): void {
  const { type, message, ...fields } = event;
  const unsaid = message === undefined || text.includes(message) ? {} : { message };
  log[LEVELS[type] ?? 'warn'](type, text, { ...fields, ...unsaid });
}
