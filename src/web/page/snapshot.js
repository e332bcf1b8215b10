/** Asks the puller for the whole fleet: at the start, after a lost connection, and when its counts differ. */
import { takeOver } from './sensors.js';

let loading = false;
let againAt = 0;

/** A large fleet takes a while to load: at most a twentieth of the time goes into it. */
export const mayLoadAgain = () => performance.now() >= againAt;

/** Gives the summary that came along; undefined when one is under way already, or there was no answer. */
export async function loadFleet() {
  if (loading) return undefined;
  loading = true;
  const began = performance.now();
  try {
    const response = await fetch('fleet');
    if (!response.ok) return undefined;
    const { sensors, summary } = await response.json();
    takeOver(sensors);
    return summary;
  } catch {
    // The next summary asks again.
    return undefined;
  } finally {
    loading = false;
    againAt = performance.now() + Math.max(1_000, 20 * (performance.now() - began));
  }
}
