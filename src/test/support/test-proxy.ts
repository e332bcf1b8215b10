/** For tests: a real HTTP server in the proxy's place, which does as the test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reading } from '../../protocol/message.js';
import { parseReportedConfig, type ReportedConfig } from '../../protocol/sensor-config.js';

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  /** The body, parsed; undefined for none. */
  body: unknown;
  /** What the sensor said about itself. */
  config: ReportedConfig | undefined;
}

/** `hang`: never answered. */
export type Answer = { status?: number; headers?: Record<string, string>; body?: string } | 'hang' | 'drop';

export class TestProxy {
  readonly requests: Received[] = [];
  /** Accepted readings, in the order of their arrival. */
  readonly readings: Reading[] = [];
  /** Requests that are kept waiting. */
  held = 0;
  /** Decides the answer; by default everything is accepted. */
  answer: (request: Received) => Answer = () => ({});
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(): Promise<TestProxy> {
    const proxy = new TestProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get sequences(): number[] {
    return this.readings.map(({ sequence }) => sequence);
  }

  /** What the sensor reported with its last request. */
  get reported(): ReportedConfig {
    return this.requests.at(-1)!.config!;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    request.setEncoding('utf8');
    for await (const chunk of request) text += chunk;
    const received: Received = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
      config: parseReportedConfig(request.headers['x-sensor-config'] as string | undefined),
    };
    this.requests.push(received);
    const answer = this.answer(received);
    if (answer === 'hang') {
      this.held++;
      response.once('close', () => this.held--);
      return;
    }
    if (answer === 'drop') {
      request.socket.destroy();
      return;
    }
    const { status = 200, headers = {}, body } = answer;
    const readings = (Array.isArray(received.body) ? received.body : [received.body]) as Reading[];
    if (status < 300 && received.path === '/send') this.readings.push(...readings);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body ?? JSON.stringify({ status: 'accepted', accepted: readings.length }));
  }
}
