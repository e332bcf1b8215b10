/** Which sequence numbers of one sensor have arrived, in any order. Finds gaps, duplicates and late readings. */

/** Numbers `from` to `to`, both included, that are missing; `since`: Unix milliseconds at which this was noticed. */
export interface MissingRange {
  from: number;
  to: number;
  since: number;
}

/** `ahead`: earlier numbers are still missing. `late`: it was missing before. */
export type Arrival = 'next' | 'ahead' | 'late' | 'duplicate';

/** The two oldest ranges are joined when a sensor has more than this, which limits memory. */
const MAX_RANGES = 500;

/** A sensor takes no more in a day, after which a silent one is forgotten (`ledger.ts`). A jump beyond is no loss, but another way to count. */
const MOST_MISSED = 1_728_000;

export class SequenceTracker {
  /** The number from which on numbers count: the lowest so far, or 1. */
  first = 1;
  highest = 0;
  missing: MissingRange[] = [];

  /** The numbers of a sensor that began before anybody counted: they count from the first one that arrives. */
  static from(sequence: number): SequenceTracker {
    return Object.assign(new SequenceTracker(), { first: sequence, highest: sequence - 1 });
  }

  record(sequence: number, now: number): Arrival {
    if (sequence < this.first) {
      if (sequence < this.first - 1 && this.first - sequence <= MOST_MISSED)
        this.#addMissing({ from: sequence + 1, to: this.first - 1, since: now });
      this.first = sequence;
      return 'late';
    }
    if (sequence === this.highest + 1) {
      this.highest = sequence;
      return 'next';
    }
    if (sequence > this.highest) {
      if (sequence - this.highest <= MOST_MISSED)
        this.#addMissing({ from: this.highest + 1, to: sequence - 1, since: now });
      this.highest = sequence;
      return 'ahead';
    }
    const index = this.missing.findIndex((range) => sequence >= range.from && sequence <= range.to);
    if (index < 0) return 'duplicate';
    const { from, to, since } = this.missing[index]!;
    const rest: MissingRange[] = [];
    if (from < sequence) rest.push({ from, to: sequence - 1, since });
    if (sequence < to) rest.push({ from: sequence + 1, to, since });
    this.missing.splice(index, 1, ...rest);
    return 'late';
  }

  /** In the order of their numbers. */
  #addMissing(range: MissingRange): void {
    if (range.to < (this.missing[0]?.from ?? 0)) this.missing.unshift(range);
    else this.missing.push(range);
    if (this.missing.length <= MAX_RANGES) return;
    const [first = range, second = range] = this.missing.splice(0, 2);
    this.missing.unshift({ from: first.from, to: second.to, since: Math.min(first.since, second.since) });
  }

  /** Whether it lies between numbers that have come. */
  isMissing(sequence: number): boolean {
    return this.missing.some(({ from, to }) => sequence >= from && sequence <= to);
  }

  /** How many numbers have been missing since `time` (Unix milliseconds) or longer. */
  missingSince(time = Number.POSITIVE_INFINITY): number {
    let count = 0;
    for (const range of this.missing) if (range.since <= time) count += range.to - range.from + 1;
    return count;
  }
}
