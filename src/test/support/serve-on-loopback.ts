/** Serves a queue server on a port of this machine. */
import { hostNames } from '../../lib/net/browser-guard.js';
import { type Listener, listen } from '../../lib/net/http-server.js';
import { createQueueServer, type QueueServer, type QueueServerOptions } from '../../sqs-server/sqs-server.js';

export interface LoopbackQueueServer {
  /** Base URL, which is the endpoint for SDKs. */
  url: string;
  server: QueueServer;
  close(): Promise<void>;
}

/** Throws as {@link createQueueServer} and `listen` do. `port` 0 = any. */
export async function serveOnLoopback(options: QueueServerOptions, port = 0): Promise<LoopbackQueueServer> {
  const host = '127.0.0.1';
  const hosts = hostNames(host, undefined);
  const server = createQueueServer({ ...options, ...(hosts ? { hosts } : {}) });
  let listener: Listener;
  try {
    const { fetch } = server.app;
    listener = await listen({ fetch, host, port, purpose: 'queue', flag: '--port' });
  } catch (error) {
    server.close();
    throw error;
  }
  const close = async () => {
    server.close();
    await listener.close();
  };
  return { url: listener.url, server, close };
}
