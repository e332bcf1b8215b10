/**
 * The puller's events. Browsers wait for seconds before they reconnect, and never do after an answer such as 502: done
 * here instead.
 */

/** A summary comes every second: after this long without one the connection is dead, whatever the browser believes. */
const DEAD_AFTER_MS = 6_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;

/**
 * Stays connected for as long as the page is open.
 * @param {object} on
 * @param {(state: 'live' | 'reconnecting') => void} on.state
 * @param {() => void} on.missed Events may have been missed: at the start, while there was no connection, or because
 *   the page was too slow.
 * @param {(event: {event: string}) => void} on.event
 */
export function stayConnected(on) {
  let source;
  let heardAt = 0;
  let retryAfter = FIRST_RETRY_MS;

  function connect() {
    source = new EventSource('events');
    heardAt = performance.now();
    hear('hello', () => {
      retryAfter = FIRST_RETRY_MS;
      on.state('live');
      on.missed();
    });
    hear('events', (data) => {
      for (const event of JSON.parse(data)) on.event(event);
    });
    hear('heartbeat', () => {});
    hear('dropped', on.missed);
    source.addEventListener('error', reconnect);
  }

  function hear(name, handle) {
    source.addEventListener(name, ({ data }) => {
      heardAt = performance.now();
      handle(data);
    });
  }

  function reconnect() {
    source.close();
    on.state('reconnecting');
    setTimeout(connect, retryAfter);
    retryAfter = Math.min(LAST_RETRY_MS, retryAfter * 2);
  }

  connect();
  setInterval(() => {
    const isOpen = source.readyState !== EventSource.CLOSED;
    if (isOpen && performance.now() - heardAt > DEAD_AFTER_MS) reconnect();
  }, 1_000);
}
