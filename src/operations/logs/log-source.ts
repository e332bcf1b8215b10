/** Where log lines come from: a file, the containers of a network, or its sensors. */
import { LOG_LEVELS, type LogEntry, type LogLevel, parseLogLine } from '../../lib/log/log-line.js';

export interface LogLine extends LogEntry {
  /** Whose line it is, such as `proxy` or `edge-us-1`. */
  service: string;
}

export interface LogSource {
  /** What was written until now, in the order of time. Called once, first. */
  written(): AsyncIterable<LogLine>;
  /** What was written since the last call. */
  added(): AsyncIterable<LogLine>;
  close(): Promise<void>;
}

/** A reading in the output of a puller with the log sink; `tail` shows them all. */
const READING = /^\{.*"execution_id":.*"sequence":/;

/** Like {@link parseLogLine}; a reading is what only debugging needs. */
export function lineOf(service: string, line: string, time: number): LogLine {
  const entry = parseLogLine(line, time);
  return READING.test(entry.text) ? { service, ...entry, level: 'debug', event: 'reading' } : { service, ...entry };
}

export interface LineFilter {
  /** Only these; all by default. */
  services?: ReadonlySet<string>;
  /** Unix milliseconds. */
  since?: number;
  /** The least level. */
  level?: LogLevel;
}

export const passes = ({ services, since, level }: LineFilter, line: LogLine): boolean =>
  (services?.has(line.service) ?? true) &&
  line.time >= (since ?? 0) &&
  (level === undefined || LOG_LEVELS.indexOf(line.level) >= LOG_LEVELS.indexOf(level));

export async function* filtered(lines: AsyncIterable<LogLine>, filter: LineFilter): AsyncGenerator<LogLine> {
  for await (const line of lines) if (passes(filter, line)) yield line;
}

/** The last `count` lines of each service. */
export async function* newest(lines: AsyncIterable<LogLine>, count: number): AsyncGenerator<LogLine> {
  const kept = new Map<string, LogLine[]>();
  for await (const line of lines) {
    const own = kept.get(line.service) ?? [];
    kept.set(line.service, own);
    own.push(line);
    // Not at every line: that would copy all of them each time.
    if (own.length > 2 * count + 100) own.splice(0, own.length - count);
  }
  const all = [...kept.values()].flatMap((own) => (count === 0 ? [] : own.slice(-count)));
  yield* all.sort((a, b) => a.time - b.time);
}

/** One stream of several, each of which is in the order of time; of equal times in the order of the streams. */
export async function* mergeByTime(streams: AsyncIterable<LogLine>[]): AsyncGenerator<LogLine> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      let first = -1;
      for (const [i, head] of heads.entries()) {
        if (!head.done && (first < 0 || head.value.time < heads[first]!.value.time)) first = i;
      }
      if (first < 0) return;
      yield heads[first]!.value;
      heads[first] = await iterators[first]!.next();
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  }
}
