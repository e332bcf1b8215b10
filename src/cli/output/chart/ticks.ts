/** Where the axes of a chart have their ticks, and what is written there. */

/** With ticks between both. */
export type ValueScale = { low: number; high: number; ticks: { at: number; label: string }[] };

/** From `min` to `max`, with at least two ticks at round numbers, and about `most` where there is room for so many. */
export function valueScale(min: number, max: number, most: number): ValueScale {
  // A single value lies in the middle.
  const around = max - min > Math.abs(max) * 1e-9 ? 0 : Math.abs(max) * 0.05 || 1;
  const [low, high] = [min - around, max + around];
  const least = (high - low) / (most + 2);
  const power = 10 ** Math.floor(Math.log10(least));
  const round = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least * (1 - 1e-9));
  for (let step = round ?? power; ; step /= 5) {
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first + 1;
    const ats = Array.from({ length: count }, (_, i) => (first + i) * step);
    if (count >= 2) return { low, high, ticks: ats.map((at) => ({ at, label: tickText(at, step) })) };
  }
}

function tickText(at: number, step: number): string {
  if (Math.abs(at) >= 1e7 || step < 1e-6) return Number(at.toPrecision(6)).toExponential();
  const text = at.toFixed(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps that people count time in. */
const TIME_STEPS = Object.entries({
  [SECOND]: [1, 2, 5, 10, 15, 30],
  [MINUTE]: [1, 2, 5, 10, 15, 30],
  [HOUR]: [1, 2, 3, 6, 12],
  [DAY]: [1, 2, 7, 14, 30, 90, 365],
}).flatMap(([unit, counts]) => counts.map((count) => count * Number(unit)));

/** The shortest usual step that divides `ms` into at most `most`. */
export const timeStep = (ms: number, most: number): number =>
  TIME_STEPS.find((step) => ms / step <= most) ?? Math.ceil(ms / most / DAY) * DAY;

/** Times between two (Unix milliseconds), round where this machine is, with room for `most` labels. */
export function timeTicks(from: number, to: number, most: number): { at: number; label: string }[] {
  const step = timeStep(to - from, Math.max(1, most));
  const zone = -new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from + zone) / step) * step - zone;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, i) => ({
    at: first + i * step,
    label: labelOf(first + i * step, step, to - from),
  }));
}

function labelOf(time: number, step: number, range: number): string {
  const { date, clock } = localTime(time);
  if (step >= DAY || (range > DAY && clock === '00:00:00')) return date;
  return step < MINUTE ? clock : clock.slice(0, 5);
}

/** Such as `11-26` and `09:30:05`, where this machine is. */
export function localTime(time: number): { date: string; clock: string } {
  // In Swedish it is written as 2026-11-26 09:30:05.
  const text = new Date(time).toLocaleString('sv');
  return { date: text.slice(5, 10), clock: text.slice(11) };
}
