/** What is not in the tables yet: statistics by minute, of each series. Written for speed: it runs for every value. */
import { MINUTE_MS } from './history.js';
import type { Series, SeriesStatistics } from './series.js';
import { addValue, type Statistics, statisticsOf } from './statistics.js';

export class PendingRollUps {
  readonly regions: SeriesStatistics = new Map();
  readonly sensors: SeriesStatistics = new Map();
  /** How many statistics there are. */
  size = 0;

  add(series: Series, minute: number, value: number): void {
    const { last } = series;
    if (last !== undefined && last.of === this && last.minute === minute) addValue(last.statistics, value);
    else this.#addElsewhere(series, minute, value);
  }

  #addElsewhere(series: Series, minute: number, value: number): void {
    const all = series.host === undefined ? this.regions : this.sensors;
    const minutes = all.get(series) ?? new Map<number, Statistics>();
    let statistics = minutes.get(minute);
    if (statistics) addValue(statistics, value);
    else {
      statistics = statisticsOf(value);
      minutes.set(minute, statistics);
      all.set(series, minutes);
      this.size++;
    }
    series.last = { of: this, minute, statistics };
  }
}

export const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS) * MINUTE_MS;
