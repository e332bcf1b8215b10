/** Serves a fetch-style app on a TCP port, and closes it without waiting for clients that stay connected. */
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { serve } from '@hono/node-server';
import { listenFailed, portInUse } from './ports.js';

export interface ListenOptions {
  fetch: (request: Request, env?: unknown) => Response | Promise<Response>;
  host: string;
  /** 0 = any free port. */
  port: number;
  purpose: string;
  flag: string;
  /** PEM texts; with them the server speaks https. */
  tls?: { cert: string; key: string };
}

export interface Listener {
  /** Base URL without a slash at the end. */
  url: string;
  port: number;
  /** Stops accepting, gives running requests `graceMs` to finish, then closes the connections that are left (such as SSE). */
  close(graceMs?: number): Promise<void>;
}

/** The base URL at which this machine reaches a server on `host`, which may be an address for all interfaces. */
export function reachableAt(scheme: 'http' | 'https', host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

/** Resolves once the port is bound; rejects with `PORT_IN_USE` or `LISTEN_FAILED`. */
export function listen(options: ListenOptions): Promise<Listener> {
  const { host, tls } = options;
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: options.fetch,
        hostname: host,
        port: options.port,
        ...(tls ? { createServer: createTlsServer, serverOptions: { cert: tls.cert, key: tls.key } } : {}),
      },
      ({ port }) => {
        resolve({
          url: reachableAt(tls ? 'https' : 'http', host, port),
          port,
          close: (graceMs) => close(server, unused, graceMs),
        });
      },
    ) as Server;
    const unused = unusedConnections(server, tls ? 'secureConnection' : 'connection');
    server.keepAliveTimeout = 65_000;
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? portInUse(options.port, host, options.purpose, options.flag)
          : listenFailed(options.port, host, error),
      );
    });
  });
}

/** Connections without a request so far, which browsers open in advance. Node does not count them as idle. */
function unusedConnections(server: Server, event: string): Set<Socket> {
  const unused = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return unused;
}

function close(server: Server, unused: Set<Socket>, graceMs = 1000): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection whose last answer is still being sent becomes idle later, and would stay open for its keep-alive time.
    const idle = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(force);
      clearInterval(idle);
      resolve();
    });
    for (const socket of unused) socket.destroy();
    server.closeIdleConnections();
  });
}
