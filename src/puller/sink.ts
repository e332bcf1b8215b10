/** The contract of a sink: where the puller hands over messages before it deletes them from the queue. */
import { escapeControls } from '../lib/control-characters.js';
import type { Message } from '../protocol/message.js';
import type { ReadingsStore, StoreEntry } from '../store/store.js';

/** A message as sinks get it. `reading`: the nine fields, when the message is a sensor's reading. */
export interface Delivery extends StoreEntry {
  message: Message;
}

/** `undefined`: accepted. A text: the reason why this sink can never accept it. */
export type SinkResult = string | undefined;

export interface Sink {
  readonly name: string;
  /** Nothing is deleted from the queue before every required sink has accepted it. */
  readonly required: boolean;
  /**
   * Accepts a group; resolves with one result for each message once all are safe. Rejects when it can't accept anything
   * now (a full disk): then the puller receives nothing more and tries again with the same group.
   */
  accept(deliveries: Delivery[]): Promise<SinkResult[]> | SinkResult[];
}

/** Writes one line of JSON for each message, safe for terminals. */
export class LogSink implements Sink {
  readonly name = 'log';
  readonly required = false;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  accept(deliveries: Delivery[]): SinkResult[] {
    // Outside of its strings JSON may have line breaks.
    this.#write(deliveries.map(({ body }) => `${escapeControls(body.replace(/[\t\n\r]/g, ' '))}\n`).join(''));
    return deliveries.map(() => undefined);
  }
}

/** Hands groups to the store. */
export class StoreSink implements Sink {
  readonly name = 'store';
  readonly required = true;
  readonly #store: ReadingsStore;

  constructor(store: ReadingsStore) {
    this.#store = store;
  }

  accept(deliveries: Delivery[]): SinkResult[] {
    this.#store.append(deliveries);
    return deliveries.map(() => undefined);
  }
}
