/** The puller's events for its clients (`tail`, the live view, the web page, webhooks): facts, rendered elsewhere. */
import type { Message, Reading } from '../protocol/message.js';
import type { FleetSummary } from './fleet-view.js';

/** A reading arrived for the first time; duplicates are only counted. Times are Unix milliseconds. */
export interface ReadingEvent {
  event: 'reading';
  reading: Reading;
  received_at: number;
  /** Readings with higher numbers arrived before it. */
  late: boolean;
}

/** A message arrived that is not a reading, such as one sent with curl. */
export interface MessageEvent {
  event: 'message';
  message: Message;
  received_at: number;
}

interface Alert {
  event: 'alert';
  firing: boolean;
  /** When it began or ended. */
  at: number;
  /** Name of the rule and a sentence, for webhooks and clients that do not know the type. */
  rule: string;
  text: string;
}

/** A region stopped sending (`firing`), or its silence is over. */
export interface SilenceAlert extends Alert {
  type: 'region.silent';
  region: string;
  /** Time since the last reading of the region, in milliseconds. */
  silent_ms: number;
  /** Why the alert is over: readings arrive again, or no sensor of the region is expected to send. */
  over?: 'reporting' | 'no-sensors';
}

/** Readings of a region may have been taken and never came (`firing`); they have come, or that was an hour ago. */
export interface LossAlert extends Alert {
  type: 'readings.unaccounted';
  region: string;
  /** At most so many. */
  count: number;
}

/** There are dead letters in the queue (`firing`), more than before, or none any more. */
export interface DeadLetterAlert extends Alert {
  type: 'dead-letters';
  count: number;
}

/** Something about the puller itself or the queue server needs the operator (`firing`), or is in order again. */
export interface ConditionAlert extends Alert {
  type:
    | 'store.not-ready'
    | 'store.quarantined'
    | 'store.written-back'
    | 'store.damaged-rows'
    | 'clock.stepped'
    | 'queue.not-ready'
    | 'queue.quarantined'
    | 'queue.written-back'
    | 'queue.damaged-messages';
}

/** A relay is not heard, fills up, or keeps readings for long (`firing`), or that is over. */
export interface RelayAlert extends Alert {
  type: 'relay.away' | 'relay.filling' | 'relay.backlog';
  region: string;
  relay: string;
}

/** Answers lack some shards, because their puller does not answer or no puller holds them (`firing`); or they are complete again. */
export interface PullerAlert extends Alert {
  type: 'puller.silent';
  /** Its URL; left out where none holds them. */
  puller?: string;
  shards: number[];
}

/** The oldest message in the queue of a shard waits for too long (`firing`), or no longer does. */
export interface LagAlert extends Alert {
  type: 'shard.lagging';
  shard: number;
}

export type AlertEvent =
  | SilenceAlert
  | LossAlert
  | DeadLetterAlert
  | ConditionAlert
  | RelayAlert
  | PullerAlert
  | LagAlert;

/** A summary is sent every second. */
export type FleetEvent = ReadingEvent | MessageEvent | AlertEvent | { event: 'summary'; summary: FleetSummary };
