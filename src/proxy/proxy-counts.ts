/** What the proxy has counted since its start, for `GET /stats` and `GET /metrics`. */
import { LabelCounts } from '../lib/metrics/label-counts.js';
import type { Message } from '../protocol/message.js';

export class ProxyCounts {
  /** Messages in bodies that could be read, also those that were refused. */
  received = 0;
  /** By region. */
  readonly accepted = new LabelCounts();
  readonly superseded = new LabelCounts();
  /** By code. */
  readonly refused: Record<string, number> = {};

  refuse(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }
}

/** As the fleet view names it. */
export const regionOf = ({ region }: Message): string => String(region || 'unknown');
