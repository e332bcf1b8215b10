/** Log lines that only the network has: those of its containers, and the last output of its sensors. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Network, NetworkLogLine, NetworkLogs } from '../../network/network.js';
import { type LogLine, type LogSource, lineOf } from './log-source.js';

const RETRY_MS = 2000;
/** Of each container; Docker keeps more only of those that write megabytes. */
const MOST_LINES = 10_000;

/** Containers; their lines come from the engine. */
export class ContainerSource implements LogSource {
  readonly #logs: NetworkLogs;
  readonly #query: { tail?: number; since?: number };
  readonly #closed = new AbortController();
  /** Time of the newest line of each service. */
  readonly #newest = new Map<string, number>();
  #arrived: LogLine[] = [];
  #following: Promise<void> | undefined;

  constructor(logs: NetworkLogs, { tail = MOST_LINES, since }: { tail?: number; since?: number }) {
    this.#logs = logs;
    this.#query = { tail, ...(since === undefined ? {} : { since }) };
  }

  async *written(): AsyncGenerator<LogLine> {
    const lines: LogLine[] = [];
    for await (const line of this.#logs.read({ ...this.#query, signal: this.#closed.signal })) {
      lines.push(this.#take(line));
    }
    yield* lines.sort((a, b) => a.time - b.time);
  }

  async *added(): AsyncGenerator<LogLine> {
    this.#following ??= this.#follow();
    yield* this.#arrived.splice(0);
  }

  /** Whether a line that is in a file, too, came from here already: a network that stops writes its logs into files. */
  has({ service, time }: LogLine): boolean {
    return time <= (this.#newest.get(service) ?? 0);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#following;
  }

  /** The engine gives the lines of a moment again. */
  async #follow(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      const since = Math.max(0, ...this.#newest.values());
      const known = new Map(this.#newest);
      try {
        for await (const line of this.#logs.read({ since, follow: true, signal })) {
          if (line.time > (known.get(line.service) ?? 0)) this.#arrived.push(this.#take(line));
        }
      } catch {
        // The engine is away; lines since then are asked for again.
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }

  #take({ service, time, line }: NetworkLogLine): LogLine {
    const entry = lineOf(service, line, time);
    this.#newest.set(service, Math.max(time, entry.time, this.#newest.get(service) ?? 0));
    return entry;
  }
}

/** The service whose lines are the last output of sensors. */
export const SENSORS = 'sensors';
/** Asking costs a Bacalhau network several calls of its program. */
const ASK_EVERY_MS = 10_000;

/** What sensors said that failed or completed, where the network keeps it. */
export class SensorSource implements LogSource {
  readonly #network: Network;
  readonly #known = new Set<string>();
  #askAt = 0;

  constructor(network: Network) {
    this.#network = network;
  }

  async *written(): AsyncGenerator<LogLine> {
    yield* await this.#words();
  }

  async *added(): AsyncGenerator<LogLine> {
    if (Date.now() >= this.#askAt) yield* await this.#words();
  }

  async close(): Promise<void> {}

  /** A network that does not answer has none; `status` says so. */
  async #words(): Promise<LogLine[]> {
    const jobs = await this.#network.jobs().catch(() => []);
    this.#askAt = Date.now() + ASK_EVERY_MS;
    const lines = jobs.flatMap(({ name, executions }) =>
      executions.flatMap(({ id, node, state, message, modified }): LogLine[] => {
        if (modified === undefined || message === '' || (state !== 'failed' && state !== 'completed')) return [];
        if (this.#known.has(id)) return [];
        this.#known.add(id);
        return [
          {
            service: SENSORS,
            time: modified,
            level: state === 'failed' ? 'error' : 'info',
            event: `sensor.${state}`,
            text: `${node}: ${message}`,
            fields: { node, job: name, execution: id },
          },
        ];
      }),
    );
    return lines.sort((a, b) => a.time - b.time);
  }
}
