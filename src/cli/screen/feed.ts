/** Keeps the data of the screen up to date: from the puller's `/events`, `/fleet` and `/stats`, the proxy, and `up`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigTarget } from '../../operations/config/config-target.js';
import { listServices } from '../../operations/deploy/list-services.js';
import { followEvents } from '../../operations/follow-events.js';
import { type LogLine, type LogsTarget, loggedServices, readLogs } from '../../operations/logs/read-logs.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { addNote, record, recordLog, type ScreenData, setSensors } from './screen-data.js';

export interface FeedSources {
  fleet: FleetClient;
  /** Throws where the proxy is not known. */
  config(): ConfigTarget;
  stateDir: string;
  logs: LogsTarget;
  /** Unix milliseconds; readings since then are shown. */
  since: number;
  /** The `up` is another terminal's: what it notes is in its log. */
  attached: boolean;
}

export interface FeedOptions extends FeedSources {
  data: ScreenData;
  /** What is shown: the rest is not asked for. */
  wanted(): { sensors: boolean; service: string | undefined };
  onChange(): void;
  closed: AbortSignal;
}

const RETRY_MS = 200;
const ASK_EVERY_MS = 1000;
/** A large fleet is a large answer: asking takes at most a tenth of the time. */
const PAUSE_FACTOR = 9;
const LOG_LINES = 500;

export function feed(options: FeedOptions): void {
  const { fleet, since, attached, data, onChange, closed } = options;
  void followEvents(fleet, since, closed, (event) => {
    record(data, event, Date.now());
    onChange();
  });
  void repeat(options, askForSensors);
  void repeat(options, askForServices);
  void followSelectedLog(options);
  const onNote = ({ time, text }: LogLine) => addNote(data, `up: ${text}`, time);
  if (attached) void followLog(options, 'up', closed, onNote);
}

async function repeat(options: FeedOptions, ask: (options: FeedOptions) => Promise<void>): Promise<void> {
  const { closed, onChange } = options;
  while (!closed.aborted) {
    const began = performance.now();
    // What does not answer is shown as it was; the title says for how long nothing was heard.
    await ask(options).catch(() => {});
    if (closed.aborted) return;
    onChange();
    const took = performance.now() - began;
    await sleep(Math.max(ASK_EVERY_MS, took * PAUSE_FACTOR), undefined, { signal: closed }).catch(() => {});
  }
}

async function askForSensors({ fleet, config, data, wanted }: FeedOptions): Promise<void> {
  if (!wanted().sensors) return;
  // The proxy may be unknown or away.
  const desired = (async () => config().proxies[0]?.state())().catch(() => undefined);
  setSensors(data, (await fleet.snapshot()).sensors);
  data.desired = (await desired) ?? data.desired;
}

async function askForServices({ fleet, stateDir, logs, data, wanted }: FeedOptions): Promise<void> {
  // Asking containers takes the engine some time.
  const named = wanted().service === undefined ? [] : await loggedServices(logs);
  data.services = listServices(stateDir, named);
  data.stats = await fleet.stats();
}

/** The log of the selected service, until another one is selected. */
async function followSelectedLog(options: FeedOptions): Promise<void> {
  const { data, wanted, closed } = options;
  while (!closed.aborted) {
    const { service } = wanted();
    data.log = [];
    if (service !== undefined) {
      const other = new AbortController();
      const asking = setInterval(() => wanted().service !== service && other.abort(), RETRY_MS);
      await followLog(options, service, AbortSignal.any([other.signal, closed]), (line) => recordLog(data, line));
      clearInterval(asking);
    }
    await sleep(RETRY_MS, undefined, { signal: closed }).catch(() => {});
  }
}

async function followLog(
  { logs, onChange }: FeedOptions,
  service: string,
  signal: AbortSignal,
  onLine: (line: LogLine) => void,
): Promise<void> {
  try {
    for await (const line of readLogs(logs, { services: [service], tail: LOG_LINES, follow: true, signal })) {
      onLine(line);
      onChange();
    }
  } catch {
    // It has no log, or not yet.
  }
}
