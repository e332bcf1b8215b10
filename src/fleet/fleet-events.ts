/** What the puller tells its clients (`tail`, the live view, the page): facts, rendered elsewhere. */

import type { Message, Reading } from '../protocol/message.js';
import type { FleetSummary } from './fleet-view.js';

/** A reading was received for the first time; duplicates are only counted. Times in Unix milliseconds. */
export interface ReadingEvent {
  event: 'reading';
  reading: Reading;
  received_at: number;
  /** True when readings with higher numbers had come before it. */
  late: boolean;
}

/** A message came that is no sensor's reading, such as one sent with curl. */
export interface MessageEvent {
  event: 'message';
  message: Message;
  received_at: number;
}

/** A rule found something wrong (`firing`), or right again. */
export interface AlertEvent {
  event: 'alert';
  rule: string;
  region: string;
  firing: boolean;
  text: string;
  at: number;
}

/** Every second. */
export interface SummaryEvent {
  event: 'summary';
  summary: FleetSummary;
}

export type FleetEvent = ReadingEvent | MessageEvent | AlertEvent | SummaryEvent;
