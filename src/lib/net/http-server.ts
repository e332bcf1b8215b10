/** Serves a fetch-style app on a TCP port, and closes it without waiting for clients that stay connected. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import { messageOf } from '../errors/app-error.js';
import { httpErrorBody } from '../errors/http-error.js';
import { readIfExists } from '../fs/durable-files.js';
import { listenFailed, portInUse } from './choose-port.js';

/** Sensors give up after 30 s. A request that takes longer to arrive holds a connection and its share of the memory. */
const REQUEST_TIMEOUT_MS = 30_000;
const CHECK_TIMEOUTS_EVERY_MS = 5_000;
/** A fleet of 5,000 sensors keeps one connection each. An idle one takes about 10 KB. */
const MAX_CONNECTIONS = 10_000;
/** File descriptors for everything else: the queue, the store, files, event streams of the supervisor. */
const RESERVED_FILES = 128;

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
    const server = createHttpServer(options);
    const unused = unusedConnections(server, tls ? 'secureConnection' : 'connection');
    limitConnections(server, unused);
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? portInUse(options.port, host, options.purpose, options.flag)
          : listenFailed(options.port, host, error),
      );
    });
    server.listen(options.port, host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: reachableAt(tls ? 'https' : 'http', host, port),
        port,
        close: (graceMs) => close(server, unused, graceMs),
      });
    });
  });
}

function createHttpServer({ fetch, host, tls }: ListenOptions): Server {
  const app = getRequestListener(fetch, { hostname: host, errorHandler: answerBadRequest });
  const settings = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
    keepAliveTimeout: 65_000,
  };
  const server: Server = tls
    ? createTlsServer({ ...settings, ...tls, handshakeTimeout: REQUEST_TIMEOUT_MS })
    : createServer(settings);
  // A client that has sent its request may end its side of the connection, and still gets its answer.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  serveOneAtATime(server, app);
  return server;
}

/**
 * Calls `serve` for the requests of a connection one after another. One that comes before the answer to the one before it has begun
 * is refused, and the last: clients that send the next ones before they have an answer (pipelining) would give a server work for
 * seconds with a few kilobytes, which it does even when they have left.
 */
function serveOneAtATime(server: Server, serve: RequestListener): void {
  /** By connection: the answer to its last request. */
  const answers = new WeakMap<Socket, ServerResponse>();
  const refused = new WeakSet<Socket>();
  server.on('request', (incoming, outgoing) => {
    const { socket } = incoming;
    if (refused.has(socket)) return;
    const before = answers.get(socket);
    if (before && !before.headersSent) {
      refused.add(socket);
      const message = 'a request came before the answer to the one before it';
      outgoing.writeHead(400, { 'content-type': 'application/json', connection: 'close' });
      return outgoing.end(JSON.stringify(httpErrorBody({ code: 'BAD_HTTP', message })));
    }
    answers.set(socket, outgoing);
    outgoing.once('finish', () => {
      if (answers.get(socket) === outgoing) answers.delete(socket);
    });
    if (!before) return serve(incoming, outgoing);
    // A client may have all of an answer that has not ended here.
    before.once('finish', () => serve(incoming, outgoing));
  });
}

/** The URL of a request can't be read. Other errors are of an app without an error handler. */
function answerBadRequest(error: unknown): Response {
  const isBadRequest = error instanceof RequestError;
  const body = httpErrorBody({ code: isBadRequest ? 'BAD_HTTP' : 'INTERNAL', message: messageOf(error) });
  return Response.json(body, { status: isBadRequest ? 400 : 500 });
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

/**
 * Limits how many connections a server takes, so that a flood of them leaves file descriptors and memory for those that are
 * there. When they run out, connections that do nothing make room for new ones. `unused`: those without a request so far, the
 * oldest first.
 */
export function limitConnections(server: Server, unused: Set<Socket>, max = connectionLimit()): void {
  server.maxConnections = max;
  // Node closes the new connection. Its client gets in when it tries again.
  server.on('drop', () => {
    const [oldest] = unused;
    if (oldest) oldest.destroy();
    else server.closeIdleConnections();
  });
}

/** By what this process may open; Node raises it to the hard limit when it starts. */
function connectionLimit(): number {
  // Linux tells. A report of Node would tell everywhere, but takes 10 ms of each start.
  const [, soft] = /^Max open files +(\d+)/m.exec(readIfExists('/proc/self/limits') ?? '') ?? [];
  const files = Number(soft);
  if (Number.isNaN(files)) return MAX_CONNECTIONS;
  return Math.min(MAX_CONNECTIONS, Math.max(files - RESERVED_FILES, Math.floor(files / 2)));
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
