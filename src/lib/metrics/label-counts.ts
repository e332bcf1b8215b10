/** Counts by a label that clients choose, such as the region: its values are bounded, or they could fill the memory. */

/** Further values are counted as {@link OTHER}. */
const MAX_VALUES = 100;
const OTHER = 'other';

/** Gives each of the first values its own label, and all others the same one. */
export class BoundedLabel {
  readonly #known = new Set<string>();

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= MAX_VALUES) return OTHER;
    this.#known.add(value);
    return value;
  }
}

export class LabelCounts {
  total = 0;
  readonly #label = new BoundedLabel();
  readonly #counts = new Map<string, number>();

  add(value: string, count = 1): void {
    this.total += count;
    const label = this.#label.of(value);
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + count);
  }

  [Symbol.iterator](): Iterator<[value: string, count: number]> {
    return this.#counts[Symbol.iterator]();
  }
}
