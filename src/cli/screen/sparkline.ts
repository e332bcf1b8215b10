/** A row of numbers as bars of one cell each. */
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The newest `width` values, the last at the right end; a space where there is none yet. The highest is a full bar. */
export function sparkline(values: number[], width: number): string {
  const shown = values.slice(-width);
  const highest = Math.max(...shown, 0);
  const bars = shown.map((value) => {
    if (value <= 0 || highest === 0) return BARS[0];
    return BARS[Math.max(1, Math.ceil((value / highest) * (BARS.length - 1)))];
  });
  return bars.join('').padStart(width);
}
