/** The contract of a sink: where the puller hands what it received, before it deletes it from the queue. */
import type { Message, Reading } from '../../protocol/message.js';
import type { ReportedConfig } from '../../protocol/sensor-config.js';

/** A message as sinks get it. */
export interface Delivery {
  /** The queue's message id. */
  id: string;
  /** The JSON text as it was sent. */
  body: string;
  message: Message;
  /** The nine fields, when the message is a sensor's reading. */
  reading: Reading | undefined;
  config: ReportedConfig | undefined;
  /** Unix milliseconds. */
  receivedAt: number;
}

/** `undefined`: taken. A text: this sink can never take it, and why. */
export type SinkResult = string | undefined;

export interface Sink {
  readonly name: string;
  /** Nothing is deleted from the queue before every required sink has taken it. */
  readonly required: boolean;
  /**
   * Takes a group, and resolves with one result each, once it is safe. Rejects when it can't take anything now (a full
   * disk): the puller keeps the group, tries again, and receives nothing more meanwhile.
   */
  accept(deliveries: Delivery[]): Promise<SinkResult[]> | SinkResult[];
  close?(): void;
}
