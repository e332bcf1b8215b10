/** How many readings a second come. */

/** Full seconds that the rate is an average of. */
const RATE_WINDOW_S = 5;

/** Readings in each of the last seconds, by second modulo the window. */
export class RateMeter {
  private readonly seconds = new Array<number>(RATE_WINDOW_S + 1).fill(0);
  private readonly counts = new Array<number>(RATE_WINDOW_S + 1).fill(0);
  private first = 0;

  add(now: number): void {
    const second = Math.floor(now / 1000);
    this.first ||= second;
    const slot = second % this.counts.length;
    if (this.seconds[slot] !== second) {
      this.seconds[slot] = second;
      this.counts[slot] = 0;
    }
    this.counts[slot]!++;
  }

  /** Readings a second over the full seconds of the window. */
  at(now: number): number {
    const second = Math.floor(now / 1000);
    const span = Math.min(RATE_WINDOW_S, second - this.first);
    if (span < 1) return 0;
    let sum = 0;
    this.seconds.forEach((s, i) => {
      if (s < second && s >= second - span) sum += this.counts[i]!;
    });
    return sum / span;
  }
}
