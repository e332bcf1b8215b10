/** Readings that sensors keep because they can't deliver them: they are given up with their sensors. */
import type { SensorView } from '../fleet/fleet-view.js';

/** `readings`: of those that are cut off, at most. */
export interface KeptReadings {
  sensors: number;
  readings: number;
}

export function keptBy(sensors: SensorView[]): KeptReadings {
  const keeping = sensors.filter(({ waiting }) => waiting > 0);
  return { sensors: keeping.length, readings: keeping.reduce((sum, { waiting }) => sum + waiting, 0) };
}
