/**
 * A connection has one request at a time. Clients that send the next ones before they have an answer (pipelining) would give
 * a server work for seconds with a few kilobytes, which it does even when they have left.
 */
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { refuseRequest } from './refused-requests.js';

/** Calls `serve` for requests on connections that have no other one. The first of the others is refused, and the last. */
export function serveOneAtATime(server: Server, serve: RequestListener): void {
  const busy = new WeakSet<Socket>();
  const refused = new WeakSet<Socket>();
  server.on('request', (incoming, outgoing) => {
    const { socket } = incoming;
    if (refused.has(socket)) return;
    if (busy.has(socket)) {
      refused.add(socket);
      const message = 'a request came before the answer to the one before it';
      return refuseRequest(outgoing, 400, { code: 'BAD_HTTP', message });
    }
    busy.add(socket);
    outgoing.once('finish', () => busy.delete(socket));
    return serve(incoming, outgoing);
  });
}
