/** Events that wait for one client, as JSON, bounded by bytes. A client that is too slow for them loses the newest. */
import type { FleetEvent } from '../../fleet/fleet-events.js';

/** Two seconds of 5,000 readings each. */
const MAX_BUFFERED_BYTES = 4 * 1_048_576;
/** A frame of the stream. It is copied on its way out, for every client. */
const MAX_FRAME_BYTES = 131_072;

/** All clients share the bytes of an event. */
const encoded = new WeakMap<FleetEvent, Buffer>();

function bytesOf(event: FleetEvent): Buffer {
  let bytes = encoded.get(event);
  if (!bytes) {
    bytes = Buffer.from(JSON.stringify(event));
    encoded.set(event, bytes);
  }
  return bytes;
}

export interface EventBufferOptions {
  maxBytes?: number;
  /** The client can read again what was received since a time: of one millisecond it gets all events now, or none. */
  resumable?: boolean;
}

/** Events that were lost; `since`: Unix milliseconds of the first one. */
export interface Lost {
  count: number;
  since: number;
}

export class EventBuffer {
  #waiting: { bytes: Buffer; at: number }[] = [];
  #bytes = 0;
  readonly #options: Required<EventBufferOptions>;
  /** After this nothing is taken any more. */
  lost: Lost | undefined;

  constructor(options: EventBufferOptions = {}) {
    this.#options = { maxBytes: MAX_BUFFERED_BYTES, resumable: false, ...options };
  }

  /** `now` in Unix milliseconds, for events that do not tell when they were received. */
  push(event: FleetEvent, now: number): void {
    const at = 'received_at' in event ? event.received_at : now;
    if (this.lost) {
      this.lost.count++;
      return;
    }
    const bytes = bytesOf(event);
    // A single event may be larger than all that fits.
    if (this.#waiting.length === 0 || this.#bytes + bytes.length <= this.#options.maxBytes) {
      this.#waiting.push({ bytes, at });
      this.#bytes += bytes.length;
      return;
    }
    this.lost = { count: 1, since: at };
    const same = this.#options.resumable ? this.#waiting.findIndex((event) => event.at >= at) : -1;
    if (same >= 0) this.lost.count += this.#waiting.splice(same).length;
  }

  /** The next events as a server-sent event with a JSON array; undefined when none wait. */
  takeFrame(): Buffer | undefined {
    if (this.#waiting.length === 0) return undefined;
    let count = 0;
    let size = 0;
    while (count < this.#waiting.length && (count === 0 || size < MAX_FRAME_BYTES)) {
      size += this.#waiting[count++]!.bytes.length;
    }
    const parts = this.#waiting.splice(0, count).flatMap(({ bytes }, i) => [i === 0 ? OPEN : COMMA, bytes]);
    this.#bytes -= size;
    return Buffer.concat([...parts, CLOSE]);
  }
}

const [OPEN, COMMA, CLOSE] = [Buffer.from('event: events\ndata: ['), Buffer.from(','), Buffer.from(']\n\n')];
