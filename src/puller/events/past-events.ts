/** What the store has received since a time, as events, a page at a time: a replay never holds more than a page. */
import type { FleetEvent, MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import type { ReadingsStore, StoredMessage, StorePosition } from '../../store/store.js';

/** A replay begins at most so many readings and messages before the newest. */
const MAX_REPLAY = 100_000;
/** About 0.5 MB as text; reading them takes a few milliseconds. */
const READINGS_IN_PAGE = 500;
const MESSAGES_IN_PAGE = 500;
/** A message may have 1 MiB: a page ends with the message that reaches this. */
const MESSAGE_BYTES_IN_PAGE = 262_144;

export class PastEvents {
  readonly #store: ReadingsStore;
  readonly #kinds: Set<FleetEvent['event']> | undefined;
  #at: StorePosition;

  /** `since`: Unix milliseconds. `kinds`: undefined = all. */
  constructor(store: ReadingsStore, since: number, kinds: Set<FleetEvent['event']> | undefined) {
    this.#store = store;
    this.#kinds = kinds;
    this.#at = store.positionAt(since, MAX_REPLAY);
  }

  /** The next events in order of arrival; none when everything that is stored now was given. */
  next(): (ReadingEvent | MessageEvent)[] {
    const wants = (kind: FleetEvent['event']) => this.#kinds?.has(kind) ?? true;
    let readings = wants('reading') ? this.#store.readingsAfter(this.#at.reading, READINGS_IN_PAGE) : [];
    let messages = wants('message') ? this.#messages() : [];
    // What arrived after the last row of a full page comes with a later page of the other kind.
    const readingsEnd = readings.length < READINGS_IN_PAGE ? Number.POSITIVE_INFINITY : readings.at(-1)!.receivedAt;
    const messagesEnd = isFullPage(messages) ? messages.at(-1)!.receivedAt : Number.POSITIVE_INFINITY;
    if (readingsEnd <= messagesEnd) messages = upTo(messages, readingsEnd);
    else readings = upTo(readings, messagesEnd);
    const [reading, message] = [readings.at(-1), messages.at(-1)];
    if (reading) this.#at = { ...this.#at, reading: reading.id };
    if (message) this.#at = { ...this.#at, message };
    const events = [
      ...readings.map((row): ReadingEvent => {
        return { event: 'reading', reading: row.reading, received_at: row.receivedAt, late: false };
      }),
      ...messages.map((row): MessageEvent => {
        return { event: 'message', message: row.message, received_at: row.receivedAt };
      }),
    ];
    return events.sort((a, b) => a.received_at - b.received_at);
  }

  #messages(): StoredMessage[] {
    const messages: StoredMessage[] = [];
    for (const message of this.#store.messagesAfter(this.#at.message, MESSAGES_IN_PAGE)) {
      messages.push(message);
      if (isFullPage(messages)) break;
    }
    return messages;
  }
}

const isFullPage = (messages: StoredMessage[]): boolean =>
  messages.length === MESSAGES_IN_PAGE || messages.reduce((sum, { size }) => sum + size, 0) >= MESSAGE_BYTES_IN_PAGE;

/** The rows before the first one that arrived later than `end`. */
function upTo<T extends { receivedAt: number }>(rows: T[], end: number): T[] {
  const later = rows.findIndex(({ receivedAt }) => receivedAt > end);
  return later < 0 ? rows : rows.slice(0, later);
}
