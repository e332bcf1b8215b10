/** What the proxy has counted since its start, for `GET /stats` and `GET /metrics`. */
import { LabelCounts } from '../lib/metrics/label-counts.js';
import type { MeasuredValues } from '../protocol/measured-values.js';
import type { Message } from '../protocol/message.js';

export class ProxyCounts {
  /** Messages in bodies that could be read, also those that were refused. */
  received = 0;
  /** By region. */
  readonly accepted = new LabelCounts();
  readonly superseded = new LabelCounts();
  /** Measured values of accepted messages. */
  values = 0;
  /** By code. */
  readonly refused: Record<string, number> = {};

  accept(message: Message): void {
    this.accepted.add(regionOf(message));
    for (const _ in message.values as MeasuredValues | undefined) this.values++;
  }

  refuse(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }
}

/** As the fleet view names it. What is of no sensor can name any: it counts for none. */
export const regionOf = ({ execution_id, region }: Message): string => String((execution_id && region) || 'unknown');
