/** What the store has received since a time, as events, a page at a time: a replay never holds more than a page. */
import type { FleetEvent, MessageEvent, ReadingEvent } from '../../fleet/fleet-events.js';
import type { PastStore, StoredMessage, StorePosition } from '../../store/store.js';

/** A replay begins at most so many readings and messages before the newest. */
const MAX_REPLAY = 100_000;
/** About 0.5 MB as text; reading them takes a few milliseconds. */
const READINGS_IN_PAGE = 500;
const MESSAGES_IN_PAGE = 500;
/** A message may have 1 MiB: a page ends with the message that reaches this. */
const MESSAGE_BYTES_IN_PAGE = 262_144;

/** Gives the next events in order of arrival; none when everything that is stored now was given. */
export type PastEvents = () => Promise<(ReadingEvent | MessageEvent)[]>;

/** What came to several shards, in order of arrival: as far as each of them is known. */
export function pastOfAll(shards: PastEvents[]): PastEvents {
  const [only] = shards;
  if (only && shards.length === 1) return only;
  const waiting = shards.map((next) => ({ next, events: [] as Awaited<ReturnType<PastEvents>> }));
  return async () => {
    await Promise.all(
      waiting.map(async (shard) => {
        if (shard.events.length === 0) shard.events = await shard.next();
      }),
    );
    const rest = waiting.filter(({ events }) => events.length > 0);
    // What comes after the last event of a page may be in the next page of that shard.
    const until = Math.min(...rest.map(({ events }) => Math.max(...events.map(({ received_at }) => received_at))));
    const page = rest.flatMap((shard) => {
      const later = shard.events.findIndex(({ received_at }) => received_at > until);
      return shard.events.splice(0, later < 0 ? shard.events.length : later);
    });
    return page.sort((a, b) => a.received_at - b.received_at);
  };
}

/** `since`: Unix milliseconds. `kinds`: undefined = all. */
export async function pastEvents(
  store: PastStore,
  since: number,
  kinds: Set<FleetEvent['event']> | undefined,
): Promise<PastEvents> {
  let at: StorePosition = await store.positionAt(since, MAX_REPLAY);
  const wants = (kind: FleetEvent['event']) => kinds?.has(kind) ?? true;
  return async () => {
    const readings = wants('reading') ? await store.readingsAfter(at.reading, READINGS_IN_PAGE) : [];
    const stored = wants('message')
      ? await store.messagesAfter(at.message, MESSAGES_IN_PAGE, MESSAGE_BYTES_IN_PAGE)
      : [];
    const messages = stored[Symbol.iterator]();
    const events: (ReadingEvent | MessageEvent)[] = [];
    let message: StoredMessage | undefined = messages.next().value;
    let [taken, bytes] = [0, 0];
    // What follows the last one of a full page comes with the next page, of either kind.
    let i = 0;
    while (i < READINGS_IN_PAGE && taken < MESSAGES_IN_PAGE && bytes < MESSAGE_BYTES_IN_PAGE) {
      const reading = readings[i];
      if (reading && (!message || reading.receivedAt <= message.receivedAt)) {
        events.push({ event: 'reading', reading: reading.reading, received_at: reading.receivedAt, late: false });
        at = { ...at, reading: reading.id };
        i++;
      } else if (message) {
        events.push({ event: 'message', message: message.message, received_at: message.receivedAt });
        at = { ...at, message };
        taken++;
        bytes += message.size;
        message = messages.next().value;
      } else break;
    }
    messages.return?.();
    return events;
  };
}
