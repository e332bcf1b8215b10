/** Where log lines come from: files of services, the containers of a network, and its sensors. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogEntry, parseLogLine } from '../../lib/log/log-line.js';
import { LogTail } from '../../lib/log/log-tail.js';
import type { Network, NetworkLogLine, NetworkLogs } from '../../network/network.js';
import { isReadingLine } from '../../protocol/message.js';

export interface LogLine extends LogEntry {
  /** Whose line it is, such as `proxy` or `edge-us-1`. */
  service: string;
}

export interface LogSource {
  /** What was written since the last call, in the order of time; the first one has all until now. */
  read(): AsyncIterable<LogLine>;
  /** Whether a line that is in a file, too, came from here already: a network that stops writes its logs into files. */
  has?(line: LogLine): boolean;
  close?(): Promise<void>;
}

/** Like {@link parseLogLine}; a reading is what only debugging needs: `tail` shows them all. */
function lineOf(service: string, line: string, time: number): LogLine {
  const entry = parseLogLine(line, time);
  return isReadingLine(entry.text) ? { service, ...entry, level: 'debug', event: 'reading' } : { service, ...entry };
}

const inTime = (lines: LogLine[]): LogLine[] => lines.sort((a, b) => a.time - b.time);

/** Names of the services that have a file in this folder. */
export function servicesWithFile(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => /^([\w.-]+)\.log(?:\.1)?$/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The log file of a service that runs, or ran, as a child of `up`. */
export function fileSource(folder: string, service: string): LogSource {
  const tail = new LogTail(join(folder, `${service}.log`));
  /** Of the line before. */
  let level: LogLine['level'] = 'info';
  let time = Number.NaN;
  let all = true;
  const entryOf = (line: string, time: number): LogLine => {
    const entry = lineOf(service, line, time);
    // Such as the stack of an error.
    if (entry.text !== line || !/^\s/.test(line)) level = entry.level;
    return { ...entry, level };
  };
  return {
    /** A line without a time has that of the line before it, or of the first line after it that has one. */
    async *read() {
      let lastWritten = 0;
      let withoutTime: LogLine[] = [];
      const lines = tail.read({ all });
      all = false;
      for await (const { line, modified } of lines) {
        lastWritten = modified;
        const entry = entryOf(line, time);
        withoutTime.push(entry);
        if (Number.isNaN(entry.time)) continue;
        time = entry.time;
        for (const one of withoutTime) yield { ...one, time };
        withoutTime = [];
      }
      for (const one of withoutTime) yield { ...one, time: lastWritten };
    },
    close: () => tail.close(),
  };
}

const RETRY_MS = 2000;
/** Of each container; Docker keeps more only of those that write megabytes. */
const MOST_LINES = 10_000;

/** The containers of a network; their lines come from the engine. */
export function containerSource(
  logs: NetworkLogs,
  { tail = MOST_LINES, since }: { tail?: number | undefined; since?: number | undefined },
): LogSource {
  const wanted = { tail, ...(since === undefined ? {} : { since }) };
  const closed = new AbortController();
  const { signal } = closed;
  /** Time of the newest line of each service. */
  const newest = new Map<string, number>();
  const arrived: LogLine[] = [];
  let begun = false;
  let following: Promise<void> | undefined;
  const take = ({ service, time, line }: NetworkLogLine): LogLine => {
    const entry = lineOf(service, line, time);
    newest.set(service, Math.max(time, entry.time, newest.get(service) ?? 0));
    return entry;
  };
  const follow = async () => {
    while (!signal.aborted) {
      const newestTime = Math.max(0, ...newest.values());
      // The engine gives the lines of a moment again.
      const known = new Map(newest);
      try {
        for await (const line of logs.read({ since: newestTime, follow: true, signal })) {
          if (line.time > (known.get(line.service) ?? 0)) arrived.push(take(line));
        }
      } catch {
        // The engine is away; lines since then are asked for again.
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  };
  return {
    async *read() {
      if (begun) following ??= follow();
      else for await (const line of logs.read({ ...wanted, signal })) arrived.push(take(line));
      begun = true;
      yield* inTime(arrived.splice(0));
    },
    has: ({ service, time }) => time <= (newest.get(service) ?? 0),
    async close() {
      closed.abort();
      await following;
    },
  };
}

/** The service whose lines are the last output of sensors. */
export const SENSORS = 'sensors';
/** Asking costs a Bacalhau network several calls of its program. */
const ASK_EVERY_MS = 10_000;

/** What sensors said that failed or completed, where the network keeps it. */
export function sensorSource(network: Network): LogSource {
  const known = new Set<string>();
  let askAt = 0;
  async function* read(): AsyncGenerator<LogLine> {
    if (Date.now() < askAt) return;
    // A network that does not answer has none; `status` says so.
    const jobs = await network.jobs().catch(() => []);
    askAt = Date.now() + ASK_EVERY_MS;
    const lines = jobs.flatMap(({ name: job, executions }) =>
      executions.flatMap(({ id: execution, node, state, message, modified: time }): LogLine[] => {
        if (time === undefined || message === '' || (state !== 'failed' && state !== 'completed')) return [];
        if (known.has(execution)) return [];
        known.add(execution);
        const level = state === 'failed' ? 'error' : 'info';
        const fields = { node, job, execution };
        return [{ service: SENSORS, time, level, event: `sensor.${state}`, text: `${node}: ${message}`, fields }];
      }),
    );
    yield* inTime(lines);
  }
  return { read };
}
