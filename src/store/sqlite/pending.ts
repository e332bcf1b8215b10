/** The numbers of readings that are not in the tables of the roll-ups yet, in memory: one sum a series and minute. */
import type { MeasuredValues } from '../../protocol/measured-values.js';
import { type HistoryRange, MINUTE_MS } from '../history.js';
import { type HistoryRow, type Statistics, storedMetric } from '../history-series.js';

export type Sum = { minute: number } & Statistics;

export interface Series {
  /** Of `sensor_series`; 0: not looked up. */
  id: number;
  metric: string;
  region: string;
  hostname: string;
  /** Collected since the last move began. */
  sums: Sum[];
  /** What moves to the tables, and is not there. */
  moving: Sum[];
}

export class Pending {
  /** Sums that were collected since the last move began. */
  count = 0;
  readonly #ofHosts = new Map<string, Series[]>();

  /** A reading: its lateness, and what it has measured. */
  addReading(of: { region: string; hostname: string; values?: MeasuredValues }, taken: number, receivedAt: number) {
    const { region, hostname, values } = of;
    this.add('readings.lateness', region, hostname, taken, receivedAt - taken);
    for (const metric in values) this.add(metric, region, hostname, taken, values[metric] ?? 0);
  }

  /** `of`: a set of the sums. */
  add(metric: string, region: string, hostname: string, taken: number, value: number, of: 'sums' | 'moving' = 'sums') {
    const sums = this.#seriesOf(metric, region, hostname)[of];
    const minute = taken - (taken % MINUTE_MS);
    // Most readings are of the newest minute.
    for (let i = sums.length - 1; i >= 0; i--) {
      const known = sums[i];
      if (known?.minute !== minute) continue;
      known.count++;
      known.min = Math.min(known.min, value);
      known.max = Math.max(known.max, value);
      known.sum += value;
      return;
    }
    sums.push({ minute, count: 1, min: value, max: value, sum: value });
    if (of === 'sums') this.count++;
  }

  #seriesOf(metric: string, region: string, hostname: string): Series {
    let ofHost = this.#ofHosts.get(hostname);
    if (!ofHost) {
      ofHost = [];
      this.#ofHosts.set(hostname, ofHost);
    }
    for (const known of ofHost) if (known.metric === metric && known.region === region) return known;
    const series: Series = { id: 0, metric, region, hostname, sums: [], moving: [] };
    ofHost.push(series);
    return series;
  }

  /** What was collected is to move; series of which nothing came since the last time are forgotten. */
  beginMove(): void {
    for (const [host, ofHost] of this.#ofHosts) {
      const left = ofHost.filter(({ sums }) => sums.length > 0);
      if (left.length === 0) this.#ofHosts.delete(host);
      else if (left.length < ofHost.length) this.#ofHosts.set(host, left);
    }
    for (const series of this.#all()) {
      series.moving = series.sums;
      series.sums = [];
    }
    this.count = 0;
  }

  moving(): Series[] {
    return [...this.#all()].filter(({ moving }) => moving.length > 0);
  }

  /** What a question about whole minutes asks for. */
  *rows({ metric, region, host, from, to, step }: HistoryRange): Iterable<HistoryRow> {
    const wanted = storedMetric(metric);
    for (const series of host === undefined ? this.#all() : (this.#ofHosts.get(host) ?? [])) {
      if (series.metric !== wanted || (region !== undefined && region !== series.region)) continue;
      for (const sums of [series.sums, series.moving]) {
        for (const { minute, ...sum } of sums) {
          if (minute >= from && minute < to) yield { region: series.region, t: minute - (minute % step), ...sum };
        }
      }
    }
  }

  *#all(): Iterable<Series> {
    for (const ofHost of this.#ofHosts.values()) yield* ofHost;
  }
}
