/** The logs of everything that runs or ran here, merged by time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../lib/errors/app-error.js';
import { LOG_LEVELS, type LogLevel } from '../../lib/log/log-line.js';
import type { Network } from '../../network/network.js';
import {
  containerSource,
  fileSource,
  type LogLine,
  type LogSource,
  SENSORS,
  sensorSource,
  servicesWithFile,
} from './log-sources.js';

export type { LogLine } from './log-sources.js';

export interface LogsTarget {
  /** Of the log files, one for each service that ran as a child of `up`. */
  folder: string;
  /** The network that runs; undefined where none does. Asked again while logs are followed. */
  network(): Promise<Network | undefined>;
}

export interface LogsQuery {
  /** Only these; all by default. */
  services?: string[];
  /** Unix milliseconds. */
  since?: number | undefined;
  /** The least level. */
  level?: LogLevel;
  /** Only so many of the lines that are there already, the newest of each service. */
  tail?: number | undefined;
  /** Goes on with new lines until it is aborted. */
  follow?: boolean;
  signal?: AbortSignal;
}

/** New lines are read so often; those of one time are in the order of time. */
const READ_EVERY_MS = 250;
/** An `up` that starts later is found so often. */
const FIND_NETWORK_EVERY_MS = 2000;

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
  const { services = [], tail, since = 0, level = 'debug', follow = false, signal } = query;
  const network = await target.network();
  await checkNames(await namesOf(target.folder, network), services, network);
  const isWanted = (service: string) => services.length === 0 || services.includes(service);
  const passes = (line: LogLine) =>
    isWanted(line.service) && line.time >= since && LOG_LEVELS.indexOf(line.level) >= LOG_LEVELS.indexOf(level);
  const files = new Map<string, LogSource>();
  const ofNetwork: LogSource[] = [];
  let findNetworkAt = 0;
  const all = () => [...files.values(), ...ofNetwork];
  const addFiles = () => {
    for (const service of servicesWithFile(target.folder)) {
      if (!files.has(service) && isWanted(service)) files.set(service, fileSource(target.folder, service));
    }
  };
  const addNetwork = (found: Network | undefined) => {
    if (found?.logs) ofNetwork.push(containerSource(found.logs, query));
    if (found && isWanted(SENSORS)) ofNetwork.push(sensorSource(found));
  };
  const added = async () => {
    addFiles();
    if (ofNetwork.length === 0 && Date.now() >= findNetworkAt) {
      findNetworkAt = Date.now() + FIND_NETWORK_EVERY_MS;
      addNetwork(await target.network());
    }
    const lines: LogLine[] = [];
    const isKnown = (line: LogLine) => ofNetwork.some((source) => source.has?.(line));
    for (const file of files.values()) for await (const line of file.read()) if (!isKnown(line)) lines.push(line);
    for (const source of ofNetwork) for await (const line of source.read()) lines.push(line);
    return lines.filter(passes).sort((a, b) => a.time - b.time);
  };
  const close = () => Promise.all(all().map((source) => source.close?.()));
  const closeNow = () => void close();
  signal?.addEventListener('abort', closeNow);
  try {
    addFiles();
    addNetwork(network);
    yield* mergeByTime(all().map((source) => newest(source.read(), passes, tail)));
    while (follow && !signal?.aborted) {
      yield* await added();
      await sleep(READ_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    signal?.removeEventListener('abort', closeNow);
    await close();
  }
}

async function checkNames(known: string[], wanted: string[], network: Network | undefined): Promise<void> {
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

/** Those that pass; of each service only the last `count`, if that is given. */
async function* newest(
  lines: AsyncIterable<LogLine>,
  passes: (line: LogLine) => boolean,
  count: number | undefined,
): AsyncGenerator<LogLine> {
  const kept = new Map<string, LogLine[]>();
  for await (const line of lines) {
    if (!passes(line)) continue;
    if (count === undefined) {
      yield line;
      continue;
    }
    const own = kept.get(line.service) ?? [];
    kept.set(line.service, own);
    own.push(line);
    // Not at every line: that would copy all of them each time.
    if (own.length > 2 * count + 100) own.splice(0, own.length - count);
  }
  if (count === undefined || count === 0) return;
  yield* [...kept.values()].flatMap((own) => own.slice(-count)).sort((a, b) => a.time - b.time);
}

/** One stream of several, each of which is in the order of time; of equal times in the order of the streams. */
async function* mergeByTime(streams: AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  try {
    const heads = await Promise.all(streams.map((stream) => stream.next()));
    for (;;) {
      let first = -1;
      for (const [i, head] of heads.entries()) {
        if (!head.done && (first < 0 || head.value.time < heads[first]!.value.time)) first = i;
      }
      if (first < 0) return;
      yield heads[first]!.value;
      heads[first] = await streams[first]!.next();
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined)));
  }
}
