/** Keeps the data of the screen up to date: from the puller's `/events`, `/fleet` and `/stats`, the proxy, and `up`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigTarget } from '../../operations/config/config-target.js';
import { listServices } from '../../operations/deploy/list-services.js';
import { type LogsTarget, loggedServices, readLogs } from '../../operations/logs/read-logs.js';
import type { DesiredState } from '../../protocol/desired-config.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { record, recordLog, type ScreenData, setSensors } from './screen-data.js';

export interface FeedSources {
  fleet: FleetClient;
  /** Throws where the proxy is not known. */
  config(): ConfigTarget;
  stateDir: string;
  logs: LogsTarget;
}

export interface FeedOptions extends FeedSources {
  data: ScreenData;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
  /** What is looked at: the rest is not asked for. */
  wanted(): { sensors: boolean; service: string | undefined };
  onChange(): void;
  closed: AbortSignal;
}

const RETRY_MS = 200;
const LOOK_EVERY_MS = 1000;
/** A large fleet is a large answer: looking takes at most a tenth of the time. */
const PAUSE_FACTOR = 9;
const LOG_LINES = 500;

export function feed(options: FeedOptions): void {
  void follow(options);
  void repeat(options, lookAtSensors);
  void repeat(options, lookAtServices);
  void followLogs(options);
}

/** Also a puller that restarts. */
async function follow({ fleet, since, data, onChange, closed }: FeedOptions): Promise<void> {
  for (let from = since; !closed.aborted; from = Date.now()) {
    try {
      for await (const event of fleet.events({ since: from, signal: closed })) {
        record(data, event, Date.now());
        onChange();
      }
    } catch {
      // The puller is away for long, or this terminal was too slow: continue with what comes next.
      await sleep(RETRY_MS);
    }
  }
}

async function repeat(options: FeedOptions, look: (options: FeedOptions) => Promise<void>): Promise<void> {
  const { closed, onChange } = options;
  while (!closed.aborted) {
    const began = performance.now();
    // What does not answer keeps its last picture; the title says for how long nothing was heard.
    await look(options).catch(() => {});
    if (closed.aborted) return;
    onChange();
    const took = performance.now() - began;
    await sleep(Math.max(LOOK_EVERY_MS, took * PAUSE_FACTOR), undefined, { signal: closed }).catch(() => {});
  }
}

async function lookAtSensors({ fleet, config, data, wanted }: FeedOptions): Promise<void> {
  if (!wanted().sensors) return;
  const [snapshot, desired] = await Promise.all([fleet.snapshot(), desiredState(config)]);
  setSensors(data, snapshot.sensors);
  data.desired = desired ?? data.desired;
}

/** Undefined where the proxy is not known or does not answer. */
async function desiredState(config: FeedSources['config']): Promise<DesiredState | undefined> {
  try {
    return await config().proxies[0]?.state();
  } catch {
    return undefined;
  }
}

async function lookAtServices({ fleet, stateDir, logs, data, wanted }: FeedOptions): Promise<void> {
  // Asking containers takes the engine some time.
  const named = wanted().service === undefined ? [] : await loggedServices(logs);
  data.services = listServices(stateDir, named);
  data.stats = await fleet.stats();
}

/** The log of the selected service, until another one is selected. */
async function followLogs({ logs, data, wanted, onChange, closed }: FeedOptions): Promise<void> {
  while (!closed.aborted) {
    const { service } = wanted();
    data.log = [];
    if (service !== undefined) {
      const other = new AbortController();
      const looking = setInterval(() => wanted().service !== service && other.abort(), RETRY_MS);
      const signal = AbortSignal.any([other.signal, closed]);
      try {
        for await (const line of readLogs(logs, { services: [service], tail: LOG_LINES, follow: true, signal })) {
          recordLog(data, line);
          onChange();
        }
      } catch {
        // It has no log, or not yet.
      } finally {
        clearInterval(looking);
      }
    }
    await sleep(RETRY_MS, undefined, { signal: closed }).catch(() => {});
  }
}
