/** What happens to the stores of queue and puller, and to the clock, as sentences. */
import type { DatabaseQuarantined } from '../../lib/sqlite/database-file.js';
import type { Salvaged } from '../../lib/sqlite/salvage.js';
import type { ClockEvent } from '../../lib/time/elapsed-clock.js';
import type { QueueServerEvent } from '../../sqs-server/sqs-server.js';

export function clockText({ type, byMs, whileStopped }: ClockEvent): string {
  const step = `${spanText(Math.abs(byMs))} ${byMs < 0 ? 'back' : 'ahead'}`;
  if (type === 'clock-step-confirmed') return `the clock's step of ${step} has lasted an hour and counts from now on`;
  if (type === 'clock-corrected') return `the clock is right again: its step of ${step} is undone`;
  const found = whileStopped ? `the clock has moved ${step} since the last run` : `the clock was set ${step}`;
  return `${found}; nothing expires because of it unless it lasts an hour`;
}

export const quarantinedDatabaseText = ({ path, quarantined, problem, salvaged }: DatabaseQuarantined): string =>
  `${path} was damaged (${problem}). It is kept as ${quarantined}; ${salvagedText(salvaged)}`;

export function queueStoreText(event: QueueServerEvent): string {
  switch (event.type) {
    case 'database-quarantined':
      return quarantinedDatabaseText(event);
    case 'store-lost':
      return `${event.message} No message is taken until it is written back`;
    case 'store-restored':
      return `${event.path} is written back; ${event.salvaged ? salvagedText(event.salvaged) : 'nothing is lost'}`;
    case 'store-restore-failed':
      return `${event.path} can't be written back, trying again every second: ${event.message}`;
    case 'store-full':
      return `the disk of ${event.path} is full: messages are given out and deleted, but none are taken`;
    case 'store-writable':
      return `the disk of ${event.path} has room again: messages are taken`;
    case 'message-damaged':
      return `message ${event.id} of ${event.queue} is damaged: ${
        event.deadLetterQueue === undefined ? 'it is kept in the store' : `it is in ${event.deadLetterQueue} now`
      }`;
    default:
      return clockText(event);
  }
}

export function salvagedText(salvaged: Salvaged): string {
  const rows = Object.values(salvaged).reduce((sum, count) => sum + count, 0);
  return rows === 0 ? 'nothing in it can be read' : `${rows} ${rows === 1 ? 'row' : 'rows'} could be read and are kept`;
}

const UNITS: [number, string][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
];

export function spanText(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? [1000, 'second'];
  const count = Math.round(ms / size);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
