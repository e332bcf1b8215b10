/** Who has which metric: a sensor, which is a host of a region, or a region as a whole. */
import { createHash } from 'node:crypto';

export interface Series {
  region: string;
  /** Undefined: the region as a whole. */
  host: string | undefined;
  metric: string;
  /** From 1 on; in the tables of sensors. */
  id: number;
}

/** More are not kept in memory. */
const MAX_SERIES = 200_000;

export class SeriesIndex {
  readonly #regions = new Map<string, Source>();
  readonly #hosts = new Map<string, Map<string, Source>>();
  #count = 0;

  region(region: string): Source {
    return getOrMake(this.#regions, region, () => new Source(region, undefined, this.#counted));
  }

  sensor(region: string, host: string): Source {
    const hosts = getOrMake(this.#hosts, region, () => new Map<string, Source>());
    return getOrMake(hosts, host, () => new Source(region, host, this.#counted));
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

  readonly #counted = () => {
    this.#count++;
  };
}

/** A region or a sensor, with its metrics. */
export class Source {
  readonly #metrics = new Map<string, Series>();

  constructor(
    readonly region: string,
    readonly host: string | undefined,
    readonly onNew: () => void,
  ) {}

  metric(metric: string): Series {
    const { region, host, onNew } = this;
    return getOrMake(this.#metrics, metric, () => {
      onNew();
      return { region, host, metric, id: host === undefined ? 0 : seriesId(region, host, metric) };
    });
  }
}

/** 48 bits of a hash: a series that damage has taken from its table gets the same id again, and no other one does. */
export function seriesId(region: string, host: string, metric: string): number {
  return 1 + createHash('sha1').update([region, host, metric].join('\n')).digest().readUIntBE(0, 6);
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
