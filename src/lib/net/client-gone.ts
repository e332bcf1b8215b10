/** Who waits without end (long polls, event streams) must notice that a client leaves, also one that could still read. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'hono';

/**
 * Aborted when the connection breaks, or when the client ends its side. Then it may read one more answer, but nobody can
 * tell that it still does.
 */
export function clientGone(c: Context): AbortSignal {
  const { signal } = c.req.raw;
  const { incoming, outgoing } = connectionOf(c);
  if (!incoming || !outgoing) return signal;
  const { socket } = incoming;
  const gone = new AbortController();
  const abort = () => gone.abort();
  if (socket.readableEnded) abort();
  socket.once('end', abort);
  outgoing.once('close', () => {
    socket.off('end', abort);
    if (!outgoing.writableFinished) abort();
  });
  return gone.signal;
}

/** Ends the connection of a request, whatever its client has not read. */
export function cutOff(c: Context): void {
  connectionOf(c).outgoing?.destroy();
}

/** What Node knows of a request; nothing for one that came over no connection, as in tests. */
export const connectionOf = (c: Context): { incoming?: IncomingMessage; outgoing?: ServerResponse } => c.env ?? {};
