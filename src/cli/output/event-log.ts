/** Events as lines of a log, and those of the proxy as sentences. */
import type { LogLevel } from '../../lib/log/log-line.js';
import type { Logger } from '../../lib/log/logger.js';
import type { ProxyEvent } from '../../proxy/proxy-events.js';
import { countText } from './terminal-text.js';

/** Events that need nobody; all others are warnings. */
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

export function proxyText(event: ProxyEvent): string {
  switch (event.type) {
    case 'queue.failing':
      return `can't send to the queue, retrying: ${event.message}`;
    case 'queue.recovered':
      return 'sending to the queue again';
    case 'batch.sent':
      return `${countText(event.messages, 'message')} sent to the queue in ${event.ms} ms`;
    case 'request.refused':
      return `refused with ${event.status}: ${event.message}`;
  }
}
