/** Which sequence numbers of one sensor have come, in any order: gaps, duplicates and late readings from the numbers alone. */

/** Numbers `from` to `to`, both included, that have not come; `since`: Unix milliseconds at which that was noticed. */
export interface MissingRange {
  from: number;
  to: number;
  since: number;
}

export type Arrival = 'next' | 'ahead' | 'late' | 'duplicate';

/** More holes than this in one sensor's numbers are joined, oldest first: memory stays bounded whatever is lost. */
const MAX_RANGES = 500;

export class SequenceTracker {
  /** Highest number so far. */
  highest = 0;
  missing: MissingRange[] = [];

  /** Takes note of a number from 1 on. `ahead`: some before it are still missing; `late`: it fills a hole. */
  arrive(sequence: number, now: number): Arrival {
    if (sequence === this.highest + 1) {
      this.highest = sequence;
      return 'next';
    }
    if (sequence > this.highest) {
      this.missing.push({ from: this.highest + 1, to: sequence - 1, since: now });
      if (this.missing.length > MAX_RANGES) {
        const [first, second] = this.missing.splice(0, 2) as [MissingRange, MissingRange];
        this.missing.unshift({ from: first.from, to: second.to, since: first.since });
      }
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

  /** How many numbers are missing since before `before` (Unix milliseconds). */
  missingSince(before = Number.POSITIVE_INFINITY): number {
    let count = 0;
    for (const range of this.missing) if (range.since <= before) count += range.to - range.from + 1;
    return count;
  }
}
