/**
 * The metrics of one service, as Prometheus reads them. Most series read, at the time of a scrape, what the service
 * counts anyway (`GET /stats` shows the same numbers); only histograms are kept for Prometheus alone.
 */
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import { Histogram } from './histogram.js';

export type Sample = [labels: Record<string, string>, value: number];
/** The samples of a metric; a number is the only one, without labels. */
export type Values = number | Iterable<Sample>;

/** Loaded by the first scrape: it takes 50 ms of processor time, which a service that starts does not have. */
type Prometheus = typeof import('prom-client');

/** Counts of the process itself, the same for every service in it. Made by the first scrape: they cost a timer. */
let ofProcess: Registry | undefined;

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export class Metrics {
  readonly #prefix: string;
  /** Each adds a series to the registry. */
  readonly #series: ((prometheus: Prometheus, registry: Registry) => void)[] = [];
  readonly #histograms: Histogram[] = [];
  #registry: Promise<Registry> | undefined;

  /** `prefix`: of all names, such as `wasm_sensors_proxy_`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A count that only grows; `read` is called at every scrape. */
  counter(name: string, help: string, labelNames: string[], read: () => Values): void {
    this.#series.push(({ Counter }, registry) => {
      new Counter({
        ...{ name: `${this.#prefix}${name}`, help, labelNames, registers: [registry] },
        collect() {
          this.reset();
          for (const [of, value] of samplesOf(read())) this.inc(of, value);
        },
      });
    });
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string, labelNames: string[], read: () => Values | Promise<Values>): void {
    this.#series.push(({ Gauge }, registry) => {
      new Gauge({
        ...{ name: `${this.#prefix}${name}`, help, labelNames, registers: [registry] },
        async collect() {
          const values = await read();
          this.reset();
          for (const [of, value] of samplesOf(values)) this.set(of, value);
        },
      });
    });
  }

  /** `buckets`: upper bounds, ascending. */
  histogram(name: string, help: string, buckets: number[]): Histogram {
    const histogram = new Histogram(`${this.#prefix}${name}`, help, buckets);
    this.#histograms.push(histogram);
    return histogram;
  }

  /** The text of `GET /metrics`. */
  async text(): Promise<string> {
    this.#registry ??= this.#load();
    const own = await (await this.#registry).metrics();
    const histograms = this.#histograms.map(({ text }) => text).join('');
    return `${own}${histograms}${await ofProcess!.metrics()}`;
  }

  async #load(): Promise<Registry> {
    const prometheus = await import('prom-client');
    if (!ofProcess) {
      ofProcess = new prometheus.Registry();
      prometheus.collectDefaultMetrics({ register: ofProcess });
      // Gauges with the name of a counter, which Prometheus warns of; the same numbers are there by type.
      for (const what of ['handles', 'requests', 'resources'])
        ofProcess.removeSingleMetric(`nodejs_active_${what}_total`);
    }
    const registry = new prometheus.Registry();
    for (const add of this.#series) add(prometheus, registry);
    return registry;
  }

  /** `GET /metrics`. */
  get routes(): Hono {
    const app = new Hono();
    const headers = { 'content-type': CONTENT_TYPE };
    app.get('/metrics', async (c) => c.text(await this.text(), 200, headers));
    return app;
  }
}

const samplesOf = (values: Values): Iterable<Sample> => (typeof values === 'number' ? [[{}, values]] : values);

/** The samples of counts that `label` tells apart; `others` are further labels, the same for all. */
export function labelled(
  label: string,
  counts: Iterable<[value: string, count: number]>,
  others: Record<string, string> = {},
): Sample[] {
  return Array.from(counts, ([value, count]) => [{ ...others, [label]: value }, count]);
}
