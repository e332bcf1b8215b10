/** The log sink: one line a message on stdout, as the seed's puller did. */
import type { Delivery, Sink, SinkResult } from './sink.js';

export class LogSink implements Sink {
  readonly name = 'log';
  readonly required = false;

  constructor(private readonly write: (line: string) => void) {}

  accept(deliveries: Delivery[]): SinkResult[] {
    this.write(deliveries.map(({ body }) => `${body}\n`).join(''));
    return deliveries.map(() => undefined);
  }
}
