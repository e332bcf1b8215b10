/** Events that wait for one client, as JSON, bounded by bytes. A client that is too slow for them loses the newest. */
import type { FleetEvent } from '../../fleet/fleet-events.js';

/** Two seconds of 5,000 readings each. */
const MAX_BUFFERED_BYTES = 4 * 1_048_576;
/** A frame of the stream. It is copied on its way out, for every client. */
const MAX_FRAME_BYTES = 131_072;

/** All clients share the bytes of an event. */
const encoded = new WeakMap<FleetEvent, Buffer>();

function bytesOf(event: FleetEvent): Buffer {
  const bytes = encoded.get(event) ?? Buffer.from(JSON.stringify(event));
  encoded.set(event, bytes);
  return bytes;
}

export class EventBuffer {
  #waiting: { bytes: Buffer; at: number }[] = [];
  #bytes = 0;
  readonly #maxBytes: number;
  readonly #resumable: boolean;
  /** How many events were lost; `since`: Unix milliseconds of the first one. After this nothing is taken any more. */
  lost: { count: number; since: number } | undefined;

  /** `resumable`: the client can read again what was received since a time: of one millisecond it gets all events, or none. */
  constructor({ maxBytes = MAX_BUFFERED_BYTES, resumable = false } = {}) {
    this.#maxBytes = maxBytes;
    this.#resumable = resumable;
  }

  /** `now` in Unix milliseconds, for events that do not tell when they were received. */
  push(event: FleetEvent, now: number): void {
    if (this.lost) {
      this.lost.count++;
      return;
    }
    const at = 'received_at' in event ? event.received_at : now;
    const bytes = bytesOf(event);
    // A single event may be larger than all that fits.
    if (this.#waiting.length === 0 || this.#bytes + bytes.length <= this.#maxBytes) {
      this.#waiting.push({ bytes, at });
      this.#bytes += bytes.length;
      return;
    }
    this.lost = { count: 1, since: at };
    const same = this.#resumable ? this.#waiting.findIndex((event) => event.at >= at) : -1;
    if (same >= 0) this.lost.count += this.#waiting.splice(same).length;
  }

  /** The next events as a server-sent event with a JSON array; undefined when none wait. */
  takeFrame(): Buffer | undefined {
    let size = 0;
    const end = this.#waiting.findIndex(({ bytes }) => {
      size += bytes.length;
      return size >= MAX_FRAME_BYTES;
    });
    const events = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end + 1);
    if (events.length === 0) return undefined;
    this.#bytes -= size;
    return Buffer.concat([...events.flatMap(({ bytes }, i) => [i === 0 ? OPEN : COMMA, bytes]), CLOSE]);
  }
}

const [OPEN, COMMA, CLOSE] = [Buffer.from('event: events\ndata: ['), Buffer.from(','), Buffer.from(']\n\n')];
