/** A histogram that is kept without prom-client, and its text for Prometheus. */

interface Series {
  labels: Record<string, string>;
  /** Of each bucket alone; the last is what is above all bounds. */
  counts: number[];
  sum: number;
}

export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: number[];
  /** By the text of their labels. */
  readonly #series = new Map<string, Series>();

  /** `bounds`: upper ones, ascending. */
  constructor(name: string, help: string, bounds: number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  observe(labels: Record<string, string>, value: number): void {
    const key = textOf(labels);
    let series = this.#series.get(key);
    if (!series) {
      series = { labels, counts: Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(key, series);
    }
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    series.counts[bucket < 0 ? this.#bounds.length : bucket]!++;
    series.sum += value;
  }

  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  get text(): string {
    const name = this.#name;
    const lines = [`# HELP ${name} ${this.#help}`, `# TYPE ${name} histogram`];
    for (const { labels, counts, sum } of this.#series.values()) {
      let total = 0;
      for (const [i, count] of counts.entries()) {
        total += count;
        lines.push(`${name}_bucket${textOf({ le: String(this.#bounds[i] ?? '+Inf'), ...labels })} ${total}`);
      }
      lines.push(`${name}_sum${textOf(labels)} ${sum}`, `${name}_count${textOf(labels)} ${total}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function textOf(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join()}}`;
}

const escaped = (value: string) =>
  value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
