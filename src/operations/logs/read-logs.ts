/** The logs of everything that runs or ran here, merged by time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../lib/errors/app-error.js';
import type { Network } from '../../network/network.js';
import { FileSource, servicesWithFile } from './file-source.js';
import { filtered, type LineFilter, type LogLine, type LogSource, mergeByTime, newest, passes } from './log-source.js';
import { ContainerSource, SENSORS, SensorSource } from './network-sources.js';

export type { LogLine } from './log-source.js';

export interface LogsTarget {
  /** Of the log files, one for each service that ran as a child of `up`. */
  folder: string;
  /** The network that runs; undefined where none does. Asked again while logs are followed. */
  network(): Promise<Network | undefined>;
}

export interface LogsQuery extends Omit<LineFilter, 'services'> {
  /** Only these; all by default. */
  services?: string[];
  /** Only so many of the lines that are there already, the newest of each service. */
  tail?: number;
  /** Goes on with new lines until it is aborted. */
  follow?: boolean;
  signal?: AbortSignal;
}

/** New lines are looked for so often; those of one look are in the order of time. */
const LOOK_EVERY_MS = 250;
/** An `up` that starts later is found so often. */
const LOOK_FOR_NETWORK_MS = 2000;

/** Services that have a log, also those that no longer run, in alphabetical order. */
export async function loggedServices({ folder, network }: LogsTarget): Promise<string[]> {
  return namesOf(folder, await network());
}

async function namesOf(folder: string, network: Network | undefined): Promise<string[]> {
  const containers = (await network?.logs?.services().catch(() => [])) ?? [];
  return [...new Set([...servicesWithFile(folder), ...containers, ...(network ? [SENSORS] : [])])].sort();
}

/**
 * Lines in the order of time, but those of one service always in their own order. Rejects with `NO_LOGS` where nothing
 * ever ran, and with `NO_SUCH_SERVICE` for a service that has no log.
 *
 * ```ts
 * for await (const { time, service, text } of readLogs(target, { services: ['proxy'], tail: 100, follow: true, signal }))
 * ```
 */
export async function* readLogs(target: LogsTarget, query: LogsQuery = {}): AsyncGenerator<LogLine> {
  const { tail, since, level, follow = false, signal } = query;
  const network = await target.network();
  await checkNames(await namesOf(target.folder, network), query.services, network);
  const services = query.services && query.services.length > 0 ? new Set(query.services) : undefined;
  const filter: LineFilter = {
    ...(services ? { services } : {}),
    ...(since === undefined ? {} : { since }),
    ...(level === undefined ? {} : { level }),
  };
  const sources = new Sources(target, services, {
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
  });
  const close = () => void sources.close();
  signal?.addEventListener('abort', close);
  try {
    sources.lookForFiles();
    sources.use(network);
    const streams = sources.all.map((source) => {
      const lines = filtered(source.written(), filter);
      return tail === undefined ? lines : newest(lines, tail);
    });
    yield* mergeByTime(streams);
    while (follow && !signal?.aborted) {
      for (const line of await sources.added()) if (passes(filter, line)) yield line;
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    signal?.removeEventListener('abort', close);
    await sources.close();
  }
}

async function checkNames(known: string[], wanted: string[] = [], network?: Network): Promise<void> {
  if (known.length === 0) {
    throw new AppError('NO_LOGS', 'there are no logs: no network has run in this folder', {
      hint: 'Start one with `wasm-sensors up`, or go to the folder where it runs (or name its state folder with --state-dir).',
    });
  }
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const jobs = (await network?.jobs().catch(() => [])) ?? [];
  const served = jobs.filter(({ ref, state }) => unknown.includes(ref.role) && state === 'running');
  const elsewhere = served.map(
    ({ id, ref }) =>
      `The ${ref.role} runs as a service job: \`bacalhau job logs ${id}\` (compose network: in \`wasm-sensors shell\`). `,
  );
  throw new AppError('NO_SUCH_SERVICE', `there is no log of ${unknown.join(', ')}`, {
    hint: `${elsewhere.join('')}Services with a log: ${known.join(', ')}.`,
  });
}

/** What is read: files, and what the network has. More may come while logs are followed. */
class Sources {
  readonly #target: LogsTarget;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #query: Pick<LogsQuery, 'tail' | 'since'>;
  readonly #files = new Map<string, FileSource>();
  #containers: ContainerSource | undefined;
  #sensors: SensorSource | undefined;
  #lookAt = 0;

  constructor(target: LogsTarget, wanted: ReadonlySet<string> | undefined, query: Pick<LogsQuery, 'tail' | 'since'>) {
    this.#target = target;
    this.#wanted = wanted;
    this.#query = query;
  }

  get all(): LogSource[] {
    return [...this.#files.values(), this.#containers, this.#sensors].filter((source) => source !== undefined);
  }

  lookForFiles(): void {
    for (const service of servicesWithFile(this.#target.folder)) {
      if (this.#files.has(service) || this.#wanted?.has(service) === false) continue;
      this.#files.set(service, new FileSource(this.#target.folder, service));
    }
  }

  use(network: Network | undefined): void {
    if (!network) return;
    if (network.logs) this.#containers = new ContainerSource(network.logs, this.#query);
    if (this.#wanted?.has(SENSORS) !== false) this.#sensors = new SensorSource(network);
  }

  /** New lines in the order of time. */
  async added(): Promise<LogLine[]> {
    this.lookForFiles();
    if (!this.#sensors && !this.#containers && Date.now() >= this.#lookAt) {
      this.#lookAt = Date.now() + LOOK_FOR_NETWORK_MS;
      this.use(await this.#target.network());
    }
    const lines: LogLine[] = [];
    for (const file of this.#files.values()) {
      for await (const line of file.added()) if (!this.#containers?.has(line)) lines.push(line);
    }
    for (const source of [this.#containers, this.#sensors]) {
      if (source) for await (const line of source.added()) lines.push(line);
    }
    return lines.sort((a, b) => a.time - b.time);
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((source) => source.close()));
  }
}
