/**
 * The metrics of one service, as Prometheus reads them. Most series read, at the time of a scrape, what the service
 * counts anyway (`GET /stats` shows the same numbers); only histograms are kept for Prometheus alone.
 */
import { Hono } from 'hono';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Sample = [labels: Record<string, string>, value: number];
/** The samples of a metric; a number is the only one, without labels. */
export type Values = number | Iterable<Sample>;

/** Counts of the process itself, the same for every service in it. Made by the first scrape: they cost a timer. */
let ofProcess: Registry | undefined;

export class Metrics {
  readonly #registry = new Registry();
  readonly #prefix: string;

  /** `prefix`: of all names, such as `wasm_sensors_proxy_`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** A count that only grows; `read` is called at every scrape. */
  counter(name: string, help: string, labels: string[], read: () => Values): void {
    new Counter({
      ...this.#configuration(name, help, labels),
      collect() {
        this.reset();
        for (const [of, value] of samplesOf(read())) this.inc(of, value);
      },
    });
  }

  /** A value that goes up and down. */
  gauge(name: string, help: string, labels: string[], read: () => Values | Promise<Values>): void {
    new Gauge({
      ...this.#configuration(name, help, labels),
      async collect() {
        const values = await read();
        this.reset();
        for (const [of, value] of samplesOf(values)) this.set(of, value);
      },
    });
  }

  /** `buckets`: upper bounds. */
  histogram(name: string, help: string, labels: string[], buckets: number[]): Histogram {
    return new Histogram({ ...this.#configuration(name, help, labels), buckets });
  }

  /** The text of `GET /metrics`. */
  async text(): Promise<string> {
    if (!ofProcess) {
      ofProcess = new Registry();
      collectDefaultMetrics({ register: ofProcess });
    }
    return `${await this.#registry.metrics()}${await ofProcess.metrics()}`;
  }

  /** `GET /metrics`. */
  get routes(): Hono {
    const app = new Hono();
    const headers = { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE };
    app.get('/metrics', async (c) => c.text(await this.text(), 200, headers));
    return app;
  }

  #configuration(name: string, help: string, labelNames: string[]) {
    return { name: `${this.#prefix}${name}`, help, labelNames, registers: [this.#registry] };
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
