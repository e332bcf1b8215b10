/** A stand-in for Amazon SQS that refuses as IAM does: only for what no real server here would answer. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class RefusingQueue {
  url = '';
  /** By action, or by action and queue: the error that is answered. */
  denied: Record<string, string> = {};
  /** Of every queue. */
  attributes: Record<string, string> = {
    QueueArn: 'arn:aws:sqs:eu-west-1:123456789012:readings',
    ApproximateNumberOfMessages: '0',
  };
  readonly asked: { action: string; input: Record<string, unknown> }[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const { status, body } = await this.#answer(request);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    });
  }

  static async start(): Promise<RefusingQueue> {
    const queue = new RefusingQueue();
    await new Promise<void>((resolve) => queue.#server.listen(0, '127.0.0.1', resolve));
    queue.url = `http://127.0.0.1:${(queue.#server.address() as AddressInfo).port}`;
    return queue;
  }

  get queueUrl(): string {
    return `${this.url}/123456789012/readings`;
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
    if (text === '') return { status: 404, body: {} };
    const input = JSON.parse(text) as Record<string, string>;
    this.asked.push({ action, input });
    const queue = input.QueueName ?? input.QueueUrl?.split('/').at(-1);
    const name = this.denied[`${action} ${queue}`] ?? this.denied[action];
    if (name !== undefined) {
      const right = `sqs:${action.toLowerCase().replace('batch', '')}`;
      const message = `User: arn:aws:iam::123456789012:user/me is not authorized to perform: ${right} on resource: arn:aws:sqs:eu-west-1:123456789012:${queue} because no identity-based policy allows the ${right} action`;
      return { status: name === 'AccessDenied' ? 403 : 400, body: { __type: `com.amazonaws.sqs#${name}`, message } };
    }
    if (action === 'GetQueueUrl') return { status: 200, body: { QueueUrl: `${this.url}/123456789012/${queue}` } };
    if (action === 'GetQueueAttributes') return { status: 200, body: { Attributes: this.attributes } };
    return { status: 200, body: { Successful: [], Failed: [{ Id: '0', Code: 'x', SenderFault: true }] } };
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
