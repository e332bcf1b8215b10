/**
 * Answers requests that never reach an app, because Node's HTTP parser or the adapter refuses them, or another one of their
 * connection is not answered yet: as everywhere, with a JSON body.
 */
import { type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, statusOf } from '../errors/codes.js';
import { type HttpError, httpErrorBody } from '../errors/http-error.js';

const PARSER_ERRORS: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'the request did not arrive in time'],
};

/** Refuses what is no request, or comes too slowly. */
export function answerRefusedRequests(server: Server): void {
  /** The newest answer on each connection. */
  const answers = new WeakMap<object, ServerResponse>();
  server.prependListener('request', ({ socket }, response) => void answers.set(socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = answers.get(socket);
    const isAnswering = answer?.headersSent && !answer.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) return void socket.destroy(error);
    const [code, message] = PARSER_ERRORS[error.code ?? ''] ?? ['BAD_HTTP', 'this is not an HTTP request'];
    refuse(socket, { code, message });
  });
}

/** Answers a request that was read. */
export function refuseRequest(response: ServerResponse, status: number, error: HttpError): void {
  const body = JSON.stringify(httpErrorBody(error));
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  response.writeHead(status, headers).end(body);
}

function refuse(socket: Socket, error: HttpError & { code: ErrorCode }): void {
  const status = statusOf(error.code);
  const body = JSON.stringify(httpErrorBody(error));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\nconnection: close`;
  socket.write(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  socket.destroySoon();
}

/**
 * Calls `serve` for requests on connections that have no other one. The first of the others is refused, and the last: clients
 * that send the next ones before they have an answer (pipelining) would give a server work for seconds with a few kilobytes,
 * which it does even when they have left.
 */
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
