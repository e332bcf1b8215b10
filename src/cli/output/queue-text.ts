/** What the `queue` commands say. */
import { escapeControls } from '../../lib/control-characters.js';
import type { Peeked, purgeQueue, QueueFill, QueueStatus } from '../../operations/queue/inspect-queue.js';
import type { DeadLetter } from '../../puller/controls/fleet-controls.js';
import type { QueueDepth } from '../../queue/queue.js';
import { table } from './table.js';
import { countText, type Style, secondsText } from './terminal-text.js';

/** Characters of a body in a list. */
const BODY_SHOWN = 60;

export const depthText = ({ visible, inFlight, delayed }: QueueDepth): string =>
  `${visible} waiting, ${inFlight} in flight, ${delayed} delayed`;

export function queueStatusText({ url, deadLetters, ...depth }: QueueStatus, style: Style): string {
  const dead = deadLetters && deadLetters.visible + deadLetters.inFlight + deadLetters.delayed;
  const lines = [
    `queue         ${url}`,
    `              ${fillText(depth)}`,
    `dead letters  ${deadLetters?.url ?? 'the queue has no dead-letter queue'}`,
  ];
  if (deadLetters) lines.push(`              ${dead ? style.red(fillText(deadLetters)) : fillText(deadLetters)}`);
  return lines.join('\n');
}

function fillText({ oldestAgeMs, ...depth }: Omit<QueueFill, 'url'>): string {
  const oldest = oldestAgeMs === undefined ? '' : `; the oldest is ${secondsText(oldestAgeMs / 1000)} old`;
  return `${depthText(depth)}${oldest}`;
}

export function peekText({ url, messages }: Peeked): string {
  if (messages.length === 0) return `nothing waits in ${url}`;
  return table(messages, [
    { head: '', of: ({ id }) => id },
    { head: '', of: ({ sentAt }) => timeText(sentAt) },
    { head: '', rank: 1, least: 8, of: (one) => deliveriesText(one) },
    { head: '', rank: 2, least: 8, of: ({ body }) => bodyText(body) },
  ]).join('\n');
}

function deliveriesText({ receiveCount, packed }: Peeked['messages'][number]): string {
  const deliveries = countText(receiveCount, 'delivery', 'deliveries');
  return packed === undefined ? deliveries : `${deliveries}, packed with ${packed - 1} others`;
}

export function deadLettersText(letters: DeadLetter[], style: Style): string {
  if (letters.length === 0) return 'no dead letters';
  return table(
    letters,
    [
      { head: 'id', of: ({ id }) => id },
      { head: 'sent', of: ({ sentAt }) => timeText(sentAt) },
      { head: 'reason', rank: 1, least: 8, of: (letter) => escapeControls(reasonText(letter)) },
      {
        head: 'sensor',
        rank: 2,
        least: 8,
        of: (one) => escapeControls(`${one.region ?? ''} ${one.hostname ?? ''}`.trim()),
      },
      { head: 'body', rank: 3, least: 8, of: ({ body }) => bodyText(body) },
    ],
    { style },
  ).join('\n');
}

const reasonText = ({ reason, exhausted }: DeadLetter): string =>
  reason ?? (exhausted ? 'delivered too often and never deleted' : 'unknown');

export const replayedText = (count: number): string => `${countText(count, 'dead letter')} replayed`;

export function purgeQuestion(url: string, messages: number, deadLetters: boolean): string {
  const what = deadLetters ? countText(messages, 'dead letter') : countText(messages, 'message');
  return `Delete ${what} in ${url}? They can't be brought back.`;
}

export const purgedText = ({ url, messages, purged }: Awaited<ReturnType<typeof purgeQueue>>): string =>
  purged ? `${countText(messages, 'message')} deleted from ${url}` : 'nothing is deleted';

const timeText = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function bodyText(body: string): string {
  const characters = [...body];
  return escapeControls(characters.length > BODY_SHOWN ? `${characters.slice(0, BODY_SHOWN).join('')}…` : body);
}
