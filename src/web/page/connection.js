/**
 * The stream of events. Browsers wait for seconds before they reconnect, and never reconnect after an answer such as
 * 502, so the page reconnects itself.
 */
/** @import { FleetEvent } from '../../fleet/fleet-events.js' */

/** A summary comes every second: after this time without an event the connection is dead, even if it looks open. */
const DEAD_AFTER_MS = 6_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;

/**
 * Stays connected for as long as the page is open.
 * @param {object} on
 * @param {(state: 'live' | 'reconnecting') => void} on.state
 * @param {() => void} on.missed Events may have been missed: at the start, while there was no connection, or because
 *   the page was too slow.
 * @param {(event: FleetEvent) => void} on.event
 */
export function stayConnected(on) {
  let retryAfter = FIRST_RETRY_MS;
  let heardAt = 0;
  let source = connect();

  function connect() {
    const opened = new EventSource('events');
    heardAt = performance.now();
    /** @type {(name: string, handle: (data: string) => void) => void} */
    const listen = (name, handle) =>
      opened.addEventListener(name, ({ data }) => {
        heardAt = performance.now();
        handle(data);
      });
    listen('hello', () => {
      retryAfter = FIRST_RETRY_MS;
      on.state('live');
      on.missed();
    });
    listen('events', (data) => {
      for (const event of JSON.parse(data)) on.event(event);
    });
    listen('heartbeat', () => {});
    listen('dropped', () => on.missed());
    opened.addEventListener('error', reconnect);
    return opened;
  }

  function reconnect() {
    source.close();
    on.state('reconnecting');
    setTimeout(() => {
      source = connect();
    }, retryAfter);
    retryAfter = Math.min(LAST_RETRY_MS, retryAfter * 2);
  }

  setInterval(() => {
    const isOpen = source.readyState !== EventSource.CLOSED;
    if (isOpen && performance.now() - heardAt > DEAD_AFTER_MS) reconnect();
  }, 1_000);
}
