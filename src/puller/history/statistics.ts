/** What a roll-up and a point hold of many numbers. */
import type { Reading } from '../../protocol/message.js';
import type { HistoryPoint } from './history.js';

export interface Statistics {
  count: number;
  min: number;
  max: number;
  sum: number;
}

export const statisticsOf = (value: number): Statistics => ({ count: 1, min: value, max: value, sum: value });

export function addValue(to: Statistics, value: number): void {
  to.count++;
  if (value < to.min) to.min = value;
  if (value > to.max) to.max = value;
  to.sum += value;
}

export function addStatistics(to: Statistics, other: Statistics): void {
  to.count += other.count;
  if (other.min < to.min) to.min = other.min;
  if (other.max > to.max) to.max = other.max;
  to.sum += other.sum;
}

/** Statistics by when their step begins. */
export type StepStatistics = Map<number, Statistics>;

export function addAt(steps: StepStatistics, t: number, value: number): void {
  const known = steps.get(t);
  if (known) addValue(known, value);
  else steps.set(t, statisticsOf(value));
}

/** When a reading was taken, Unix milliseconds; one without a timestamp: when it arrived. */
export function takenAt({ timestamp }: Reading, receivedAt: number): number {
  const taken = Date.parse(timestamp);
  return Number.isNaN(taken) ? receivedAt : taken;
}

/**
 * The points of a series, in order. A rate is by the second, over the part of a step that has passed by `now` (Unix
 * milliseconds), so that the newest point does not fall.
 */
export function pointsOf(steps: StepStatistics, metric: string, step: number, now: number): HistoryPoint[] {
  const ordered = [...steps].sort(([a], [b]) => a - b);
  return ordered.map(([t, { count, min, max, sum }]) => {
    if (metric !== 'readings.rate') return { t, count, min, max, mean: sum / count };
    const passed = now > t && now < t + step ? Math.max(1_000, now - t) : step;
    const rate = (1_000 * count) / passed;
    return { t, count, min: rate, max: rate, mean: rate };
  });
}
