/**
 * The metrics of one service, as Prometheus reads them. Most read, at the time of a scrape, what the service counts
 * anyway (`GET /stats` shows the same numbers); only histograms are kept for Prometheus alone.
 */
import { Hono } from 'hono';
import type { Registry } from 'prom-client';

type Labels = Record<string, string>;
export type Sample = [labels: Labels, value: number];
/** The samples of a metric; a number is the only one, without labels. */
export type Values = number | Iterable<Sample>;

/** Counts of the process itself, the same for every service in it. Made by the first scrape: loading them takes 50 ms. */
let ofProcess: Promise<Registry> | undefined;

export class Metrics {
  /** Each gives the text of a metric. */
  readonly #metrics: (() => Promise<string>)[] = [];

  /** `prefix`: of all names, such as `wasm_sensors_proxy_`. */
  constructor(readonly prefix: string) {}

  /** A count that only grows; `read` is called at every scrape. */
  counter(name: string, help: string, read: () => Values): void {
    this.#add(name, help, 'counter', async (full) => linesOf(full, read()));
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string, read: () => Values | Promise<Values>): void {
    this.#add(name, help, 'gauge', async (full) => linesOf(full, await read()));
  }

  /** `buckets`: upper bounds, ascending. */
  histogram(name: string, help: string, buckets: number[]): Histogram {
    const histogram = new Histogram(buckets);
    this.#add(name, help, 'histogram', async (full) => histogram.lines(full));
    return histogram;
  }

  async text(): Promise<string> {
    ofProcess ??= metricsOfProcess();
    const texts = await Promise.all(this.#metrics.map((text) => text()));
    return texts.join('') + (await (await ofProcess).metrics());
  }

  get routes(): Hono {
    const app = new Hono();
    const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
    app.get('/metrics', async (c) => c.text(await this.text(), 200, headers));
    return app;
  }

  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  #add(name: string, help: string, type: string, read: (full: string) => Promise<string[]>): void {
    const full = this.prefix + name;
    this.#metrics.push(async () =>
      [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...(await read(full)), ''].join('\n'),
    );
  }
}

const linesOf = (name: string, values: Values): string[] =>
  typeof values === 'number'
    ? [lineOf(name, {}, values)]
    : Array.from(values, ([labels, value]) => lineOf(name, labels, value));

class Histogram {
  readonly #bounds: number[];
  /** By the text of their labels. `counts`: of each bucket alone; the last is what is above all bounds. */
  readonly #series = new Map<string, { labels: Labels; counts: number[]; sum: number }>();

  constructor(bounds: number[]) {
    this.#bounds = [...bounds, Number.POSITIVE_INFINITY];
  }

  observe(labels: Labels, value: number): void {
    const key = textOf(labels);
    const series = this.#series.get(key) ?? { labels, counts: this.#bounds.map(() => 0), sum: 0 };
    this.#series.set(key, series);
    series.counts[this.#bounds.findIndex((bound) => value <= bound)]!++;
    series.sum += value;
  }

  lines(name: string): string[] {
    return [...this.#series.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0;
      const buckets = this.#bounds.map((bound, i) => {
        total += counts[i] ?? 0;
        return lineOf(`${name}_bucket`, { le: Number.isFinite(bound) ? String(bound) : '+Inf', ...labels }, total);
      });
      return [...buckets, lineOf(`${name}_sum`, labels, sum), lineOf(`${name}_count`, labels, total)];
    });
  }
}

const lineOf = (name: string, labels: Labels, value: number) => `${name}${textOf(labels)} ${value}`;

function textOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join()}}`;
}

const escaped = (value: string) =>
  value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));

async function metricsOfProcess(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const register = new Registry();
  collectDefaultMetrics({ register });
  // Gauges with the name of a counter, which Prometheus warns of; the same numbers are there by type.
  for (const what of ['handles', 'requests', 'resources']) register.removeSingleMetric(`nodejs_active_${what}_total`);
  return register;
}

/** The samples of counts that `label` tells apart; `others` are further labels, the same for all. */
export function labelled(
  label: string,
  counts: Iterable<readonly [value: string, count: number]>,
  others: Labels = {},
): Sample[] {
  return Array.from(counts, ([value, count]) => [{ ...others, [label]: value }, count]);
}
