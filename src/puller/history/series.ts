/** Who has which metric: a sensor, which is a host of a region, or a region as a whole. */
import { createHash } from 'node:crypto';
import type { Statistics, StepStatistics } from './statistics.js';

export interface Series {
  readonly region: string;
  /** Undefined: the region as a whole. */
  readonly host: string | undefined;
  readonly metric: string;
  /** From 1 on; in the tables of sensors. Regions have 0. */
  readonly id: number;
  /** Where the last value went: mostly the next one goes there, too. */
  last?: { of: unknown; minute: number; statistics: Statistics };
}

export type SeriesStatistics = Map<Series, StepStatistics>;

/** More are not kept in memory. */
const MAX_SERIES = 200_000;

export class SeriesIndex {
  readonly #regions = new Map<string, Source>();
  readonly #hosts = new Map<string, Map<string, Source>>();
  #count = 0;

  region(region: string): Source {
    return this.#regions.get(region) ?? this.#add(this.#regions, region, region, undefined);
  }

  sensor(region: string, host: string): Source {
    const hosts = this.#hosts.get(region);
    if (hosts) return hosts.get(host) ?? this.#add(hosts, host, region, host);
    this.#hosts.set(region, new Map());
    return this.sensor(region, host);
  }

  /**
   * Forgets all series once there are very many; those that are still in use are made again, with the same ids. Call it
   * where nothing is collected by series.
   */
  limit(): void {
    if (this.#count <= MAX_SERIES) return;
    this.#regions.clear();
    this.#hosts.clear();
    this.#count = 0;
  }

  #add(sources: Map<string, Source>, key: string, region: string, host: string | undefined): Source {
    const source = new Source(region, host, () => this.#count++);
    sources.set(key, source);
    return source;
  }
}

/** A region or a sensor, with its metrics. */
export class Source {
  readonly #region: string;
  readonly #host: string | undefined;
  readonly #onNew: () => void;
  readonly #metrics = new Map<string, Series>();

  constructor(region: string, host: string | undefined, onNew: () => void) {
    this.#region = region;
    this.#host = host;
    this.#onNew = onNew;
  }

  metric(metric: string): Series {
    return this.#metrics.get(metric) ?? this.#add(metric);
  }

  #add(metric: string): Series {
    const [region, host] = [this.#region, this.#host];
    const series = { region, host, metric, id: host === undefined ? 0 : seriesId(region, host, metric) };
    this.#metrics.set(metric, series);
    this.#onNew();
    return series;
  }
}

/** 48 bits of a hash: a series that damage has taken from its table gets the same id again, and no other one does. */
export function seriesId(region: string, host: string, metric: string): number {
  return 1 + createHash('sha1').update([region, host, metric].join('\n')).digest().readUIntBE(0, 6);
}
