/**
 * The lines of logs: how our services write theirs, as text or as JSON, and how all lines are read back, those of other
 * programs included.
 *
 * ```
 * 2026-11-26T06:00:36.839Z WARN  puller.failing: can't receive from the queue, retrying  task=receive
 * {"time":"2026-11-26T06:00:36.839Z","level":"warn","event":"puller.failing","msg":"can't receive …","task":"receive"}
 * ```
 */
import { escapeControls } from '../control-characters.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogEntry {
  /** Unix milliseconds. */
  time: number;
  level: LogLevel;
  /** What happened, as a word for machines, such as `puller.failing`; lines of other programs have none. */
  event?: string;
  /** What happened, as a sentence; the whole line where it has no known form. */
  text: string;
  fields?: Record<string, unknown>;
}

/** One line without its end. Control characters in what others wrote are escaped. */
export function formatLogLine(entry: LogEntry, format: LogFormat): string {
  return escapeControls(format === 'json' ? jsonLine(entry) : textLine(entry));
}

function jsonLine({ time, level, event, text, fields }: LogEntry): string {
  const own = { time: new Date(time).toISOString(), level, event, msg: text };
  // Twice: first for the order, then because a field must not replace them.
  return JSON.stringify({ ...own, ...fields, ...own });
}

/** Two spaces lead to the fields, so the sentence has none in a row. */
function textLine({ time, level, event = 'message', text, fields = {} }: LogEntry): string {
  const head = `${new Date(time).toISOString()} ${level.toUpperCase().padEnd(5)} ${event}: ${text.replace(/ {2,}/g, ' ')}`;
  const written = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${fieldText(value)}`],
  );
  return written.length === 0 ? head : `${head}  ${written.join(' ')}`;
}

/** A string without quotes where it can't be taken for anything else; everything else as JSON. */
function fieldText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value).replaceAll(' ', '\\u0020');
  return /^[^\s"]+$/.test(value) && fieldValue(value) === value ? value : JSON.stringify(value);
}

function fieldValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** As Docker writes it before each line. */
const TIME_BEFORE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) (.*)$/;

/** @param time of a line that does not tell its own, Unix milliseconds */
export function parseLogLine(line: string, time: number): LogEntry {
  const known = line.startsWith('{') ? parseJson(line, time) : (parseText(line) ?? parseBacalhau(line, time));
  if (known) return known;
  const [, at, rest] = TIME_BEFORE.exec(line) ?? [];
  if (at !== undefined && rest !== undefined) return parseLogLine(rest, Date.parse(at));
  return { time, level: levelOfPlain(line), text: line };
}

/** Ours, and Bacalhau's, whose sentence is `message` and leaves the reason to the field `error`. */
function parseJson(line: string, time: number): LogEntry | undefined {
  const value = fieldValue(line);
  if (typeof value !== 'object' || value === null) return undefined;
  const { time: at, level, event, msg, ...fields } = value as Record<string, unknown>;
  const { message, ...others } = fields;
  const text = msg ?? (typeof fields.error === 'string' ? `${message}: ${fields.error}` : message);
  if (typeof text !== 'string' || typeof level !== 'string') return undefined;
  const own = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return {
    time: Number.isNaN(own) ? time : own,
    level: levelOf(level),
    ...(typeof event === 'string' ? { event } : {}),
    text,
    ...withFields(msg === undefined ? others : fields),
  };
}

const TEXT_LINE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (DEBUG|INFO|WARN|ERROR) +([a-z][\w.-]*): (.*)$/;
const FIELD = /([A-Za-z_][\w.-]*)=("(?:[^"\\]|\\.)*"|\S+)(?: |$)/gy;

function parseText(line: string): LogEntry | undefined {
  const [, time, level, event, rest] = TEXT_LINE.exec(line) ?? [];
  if (time === undefined || level === undefined || event === undefined || rest === undefined) return undefined;
  const end = rest.indexOf('  ');
  const found = end < 0 ? [] : [...rest.slice(end + 2).matchAll(FIELD)];
  const fields = Object.fromEntries(found.map(([, name, value]) => [name!, fieldValue(value!)]));
  const text = end < 0 ? rest : rest.slice(0, end);
  return { time: Date.parse(time), level: levelOf(level), event, text, ...withFields(fields) };
}

const withFields = (fields: Record<string, unknown>) => (Object.keys(fields).length > 0 ? { fields } : {});

/** Bacalhau's way to write lines for people: `06:02:55 | INF node is running name=edge-us-1`. Docker knows the date. */
const BACALHAU_LINE = /^(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:\.\d+)?Z? \| ([A-Z]{3}) (.*)$/;

function parseBacalhau(line: string, time: number): LogEntry | undefined {
  const [, level, text] = BACALHAU_LINE.exec(line) ?? [];
  return level === undefined || text === undefined ? undefined : { time, level: levelOf(level), text };
}

/** The words of our services, of Bacalhau (zerolog) and of others. */
function levelOf(word: string): LogLevel {
  const name = word.toLowerCase();
  if (/^(trc|dbg|trace|debug)/.test(name)) return 'debug';
  if (/^(err|ftl|pnc|fatal|panic|crit)/.test(name)) return 'error';
  return name.startsWith('w') ? 'warn' : 'info';
}

/** What commands print when they fail, and what Node prints of an exception that nobody caught. */
const levelOfPlain = (line: string): LogLevel => (/^(error|bug|fatal|panic|\w*Error): ?/.test(line) ? 'error' : 'info');
