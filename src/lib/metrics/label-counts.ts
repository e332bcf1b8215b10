/** Counts by a label that clients choose, such as the region: its values are bounded, or they could fill the memory. */

const MAX_VALUES = 100;

/** The first values have a label each, and all others the same one. */
export const boundedLabel = (known: Pick<Map<string, unknown>, 'has' | 'size'>, value: string): string =>
  known.has(value) || known.size < MAX_VALUES ? value : 'other';

export class LabelCounts {
  total = 0;
  readonly #counts = new Map<string, number>();

  add(value: string, count = 1): void {
    this.total += count;
    const label = boundedLabel(this.#counts, value);
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + count);
  }

  [Symbol.iterator](): Iterator<[value: string, count: number]> {
    return this.#counts[Symbol.iterator]();
  }
}
