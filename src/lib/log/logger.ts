/**
 * How our services log: an event for machines and the same as a sentence for people, on one line (`log-line.ts`).
 *
 * ```ts
 * const log = createLogger({ level: 'info', format: 'text' });
 * log.warn('queue.unreachable', `the queue is not there yet: ${reason}`, { queue });
 * ```
 */
import { withoutSecrets } from '../net/url-secrets.js';
import { formatLogLine, LOG_LEVELS, type LogEntry, type LogFormat, type LogLevel } from './log-line.js';

/**
 * @param event a word such as `puller.failing`; the same one for the same kind of thing
 * @param fields what the sentence is made of, as plain JSON; undefined ones are left out
 */
type Log = (event: string, text: string, fields?: LogEntry['fields']) => void;

export type Logger = Record<LogLevel, Log>;

export interface LoggerOptions {
  /** Less than that is not written. */
  level: LogLevel;
  format: LogFormat;
  /** Takes a line with its end; by default standard error. */
  write?(line: string): void;
}

const nothing: Log = () => {};

export function createLogger({ level, format, write = toStandardError }: LoggerOptions): Logger {
  const at = (own: LogLevel): Log => {
    if (LOG_LEVELS.indexOf(own) < LOG_LEVELS.indexOf(level)) return nothing;
    return (event, text, fields = {}) => {
      const shown = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shownOf(value)]));
      const entry = { time: Date.now(), level: own, event, text: withoutSecrets(text), fields: shown };
      write(`${formatLogLine(entry, format)}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const toStandardError = (line: string) => void process.stderr.write(line);

/** Messages of other programs quote URLs. In the paths of a stack `@` means something else. */
const shownOf = (value: unknown) => (typeof value === 'string' && !STACK.test(value) ? withoutSecrets(value) : value);
const STACK = /^\s+at /;

/** Of a bug: where it is; without the message, which is the sentence. */
export function stackOf(error: unknown): { stack?: string } {
  const lines = (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter((line) => STACK.test(line));
  return lines.length > 0 ? { stack: lines.join('\n') } : {};
}
