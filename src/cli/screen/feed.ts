/** Keeps the data of the screen up to date: from the puller's `/events`, `/fleet` and `/stats`, the proxy, and `up`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigTarget } from '../../operations/config/config-target.js';
import { listServices } from '../../operations/deploy/list-services.js';
import { followEvents } from '../../operations/follow-events.js';
import { type LogLine, type LogsTarget, loggedServices, readLogs } from '../../operations/logs/read-logs.js';
import type { FleetClient } from '../../puller/fleet-client.js';
import { addNote, record, type ScreenData, setSensors } from './screen-data.js';

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
  closed: AbortSignal;
}

const ASK_EVERY_MS = 500;
/** A large fleet is a large answer: asking takes at most a tenth of the time. */
const PAUSE_FACTOR = 9;
const LOG_LINES = 200;

export function feed(options: FeedOptions): void {
  const { fleet, since, attached, data, closed } = options;
  void followEvents(fleet, since, closed, (event) => record(data, event, Date.now()));
  for (const ask of [askForSensors, askForServices]) void repeat(options, () => ask(options));
  if (attached) followNotes(options).catch(() => {});
}

/** What does not answer is shown as it was; the title says for how long nothing was heard. */
async function repeat({ closed }: FeedOptions, ask: () => Promise<void>): Promise<void> {
  while (!closed.aborted) {
    const began = performance.now();
    await ask().catch(() => {});
    const pause = Math.max(ASK_EVERY_MS, (performance.now() - began) * PAUSE_FACTOR);
    await sleep(pause, undefined, { signal: closed }).catch(() => {});
  }
}

async function askForSensors({ fleet, config, data, wanted }: FeedOptions): Promise<void> {
  if (!wanted().sensors) return;
  // The proxy may be unknown or away.
  const desired = (async () => config().proxies[0]?.state())().catch(() => undefined);
  setSensors(data, (await fleet.snapshot()).sensors);
  data.desired = (await desired) ?? data.desired;
}

async function askForServices({ fleet, stateDir, logs, data, wanted, closed }: FeedOptions): Promise<void> {
  const { service } = wanted();
  data.stats = await fleet.stats().catch(() => data.stats);
  // Asking containers takes the engine some time.
  data.services = listServices(stateDir, service === undefined ? [] : await loggedServices(logs));
  if (service === undefined) return;
  const query = { services: [service], tail: LOG_LINES, signal: closed };
  const lines: LogLine[] = [];
  // It may have none yet.
  for await (const line of readLogs(logs, query)) lines.push(line);
  if (wanted().service === service) data.log = lines;
}

async function followNotes({ logs, data, closed: signal }: FeedOptions): Promise<void> {
  for await (const { text, time } of readLogs(logs, { services: ['up'], tail: LOG_LINES, follow: true, signal })) {
    addNote(data, `up: ${text}`, time);
  }
}
