/**
 * The stream of events. Browsers wait for seconds before they reconnect, and never reconnect after an answer such as
 * 502, so the page reconnects itself. Nobody reads a hidden page: it gets alerts and summaries only.
 */
import type { FleetEvent } from '../../fleet/fleet-events.js';

/** A summary comes every second: after this time without an event the connection is dead, even if it seems open. */
const DEAD_AFTER_MS = 6_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;
/** Who comes back sooner finds the page as it was. */
const HIDDEN_AFTER_MS = 5_000;

export type ConnectionState = 'live' | 'reconnecting';

interface Handlers {
  state(state: ConnectionState): void;
  /**
   * Events may have been missed: at the start, while there was no connection or the page was hidden, or because the page
   * was too slow.
   */
  missed(): void;
  event(event: FleetEvent): void;
}

export function stayConnected(on: Handlers): void {
  let retryAfter = FIRST_RETRY_MS;
  let heardAt = 0;
  let readsAll = false;
  let source: EventSource | undefined;
  let connecting: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    source?.close();
    readsAll = !document.hidden;
    const opened = readsAll ? new EventSource('events') : new EventSource('events?kinds=alert,summary');
    source = opened;
    heardAt = performance.now();
    const listen = (name: string, handle: (data: string) => void) =>
      opened.addEventListener(name, ({ data }) => {
        heardAt = performance.now();
        handle(data);
      });
    listen('hello', () => {
      retryAfter = FIRST_RETRY_MS;
      on.state('live');
      if (readsAll) on.missed();
    });
    listen('events', (data) => {
      for (const event of JSON.parse(data)) on.event(event);
    });
    listen('heartbeat', () => {});
    listen('dropped', () => on.missed());
    opened.addEventListener('error', reconnect);
  }

  function connectIn(ms: number): void {
    clearTimeout(connecting);
    connecting = setTimeout(connect, ms);
  }

  function reconnect(): void {
    source?.close();
    on.state('reconnecting');
    connectIn(retryAfter);
    retryAfter = Math.min(LAST_RETRY_MS, retryAfter * 2);
  }

  document.addEventListener('visibilitychange', () => {
    clearTimeout(connecting);
    const isClosed = source?.readyState === EventSource.CLOSED;
    if (document.hidden) connectIn(isClosed ? retryAfter : HIDDEN_AFTER_MS);
    else if (!readsAll || isClosed) connect();
  });

  setInterval(() => {
    const isOpen = source?.readyState !== EventSource.CLOSED;
    if (isOpen && performance.now() - heardAt > DEAD_AFTER_MS) reconnect();
  }, 1_000);
  connect();
}
