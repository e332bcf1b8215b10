/** Binds a fetch-style app to a TCP port, and closes it without waiting for clients that stay connected. */
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { serve } from '@hono/node-server';
import { AppError, messageOf } from '../core/errors.js';
import { portInUse } from './ports.js';

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
  /** Stops accepting, lets requests under way finish for `graceMs`, then closes what is left (such as SSE clients). */
  close(graceMs?: number): Promise<void>;
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
        const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
        const authority = shown.includes(':') ? `[${shown}]` : shown;
        resolve({
          url: `${tls ? 'https' : 'http'}://${authority}:${port}`,
          port,
          close: () => close(server as Server),
        });
      },
    ) as Server;
    server.keepAliveTimeout = 65_000;
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? portInUse(options.port, host, options.purpose, options.flag)
          : new AppError('LISTEN_FAILED', 'system', `can't listen on ${host}:${options.port}: ${messageOf(error)}`, {
              cause: error,
            }),
      );
    });
  });
}

function close(server: Server, graceMs = 1000): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
