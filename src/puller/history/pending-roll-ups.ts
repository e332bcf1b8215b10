/** What is not in the tables yet: statistics by minute, of each series. */
import { MINUTE_MS } from './history.js';
import type { Series } from './series.js';
import { addAt, type StepStatistics } from './statistics.js';

export class PendingRollUps {
  readonly regions = new Map<Series, StepStatistics>();
  readonly sensors = new Map<Series, StepStatistics>();
  /** Statistics of the sensors. */
  size = 0;

  addToRegion(series: Series, minute: number, value: number): void {
    addAt(stepsOf(this.regions, series), minute, value);
  }

  addToSensor(series: Series, minute: number, value: number): void {
    const steps = stepsOf(this.sensors, series);
    const known = steps.size;
    addAt(steps, minute, value);
    this.size += steps.size - known;
  }
}

export const minuteOf = (time: number): number => Math.floor(time / MINUTE_MS) * MINUTE_MS;

function stepsOf(all: Map<Series, StepStatistics>, series: Series): StepStatistics {
  const known = all.get(series);
  if (known) return known;
  const steps: StepStatistics = new Map();
  all.set(series, steps);
  return steps;
}
