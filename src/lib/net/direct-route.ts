/**
 * A route that is served without Hono and its adapter, which cost as much as all else that a small request needs. Whatever
 * is unusual about a request leaves it to them.
 */
import type { IncomingMessage, RequestListener } from 'node:http';

export interface DirectRoute {
  /** Without parameters. Only POST is served. */
  path: string;
  /** Never rejects. */
  answer(request: DirectRequest): Promise<HttpAnswer>;
}

/** A request that has arrived whole. */
export interface DirectRequest {
  incoming: IncomingMessage;
  header(name: string): string | undefined;
  body: Uint8Array;
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Readings of some thirty sensors. Longer bodies have a share of the memory and wait their turn (`request-body.ts`). */
const MAX_BYTES = 16_384;
const PLAIN_HOST = /^[\w.-]+(:\d+)?$/;

export function serveDirectly(route: DirectRoute, otherwise: RequestListener): RequestListener {
  return (incoming, outgoing) => {
    if (incoming.url !== route.path || incoming.method !== 'POST' || !isPlain(incoming)) {
      return void otherwise(incoming, outgoing);
    }
    const header = (name: string) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A client that leaves before is told nothing.
    incoming.on('end', async () => {
      const { status, headers, body } = await route.answer({ incoming, header, body: Buffer.concat(chunks) });
      outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    });
  };
}

function isPlain({ headers }: IncomingMessage): boolean {
  const { host = '', 'content-length': length, 'content-encoding': encoding } = headers;
  return encoding === undefined && Number(length) <= MAX_BYTES && PLAIN_HOST.test(host);
}

/** The same answer for Hono. */
export const toResponse = ({ status, headers, body }: HttpAnswer) => new Response(body, { status, headers });
