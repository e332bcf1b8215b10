/** What a sensor sends (docs/protocol.md). Checked by hand and not with zod, because it runs for every reading. */
import { CONTROL_CHARACTER } from '../lib/control-characters.js';
import { findValuesProblem, type MeasuredValues } from './measured-values.js';
import { INVISIBLE_CHARACTER } from './names.js';

/** How far ahead of our clock another machine's may be, in milliseconds (a day). What is further ahead is refused. */
export const MAX_AHEAD_MS = 86_400_000;
/**
 * Clocks of operators and proxies differ by minutes at most. Readings of a later submission would end all others of their
 * host, so they have to wait until the time has come.
 */
export const MAX_SUBMISSION_AHEAD_MS = 300_000;

/** A reading as a sensor sends it: exactly these nine fields, and `values` where it measures something. */
export interface Reading {
  job_id: string;
  /** Identity of the sensor. */
  execution_id: string;
  icon_name: string;
  /** ISO 8601, UTC. */
  timestamp: string;
  /** `#RRGGBB`. */
  color: string;
  /** Counts from 1 within an execution. */
  sequence: number;
  region: string;
  /** Unix milliseconds of the deployment; 0 = unknown. */
  job_submission_time: number;
  /** The node. */
  hostname: string;
  values?: MeasuredValues;
}

/** Any JSON object that a client may send. Known fields are checked where present. */
export type Message = Record<string, unknown>;

const STRING_FIELDS = ['job_id', 'execution_id', 'icon_name', 'timestamp', 'color', 'region', 'hostname'] as const;
/** An emoji may be of several characters, some of them invisible. */
const NAME_FIELDS: ReadonlySet<string> = new Set(['job_id', 'execution_id', 'region', 'hostname']);
/** With the least that each may be. */
const INTEGER_FIELDS = [
  ['sequence', 1],
  ['job_submission_time', 0],
] as const;
/** Almost every text: there is nothing else to look for. */
const PLAIN = /^[\x20-\x7e]*$/;
const COLOR = /^#[0-9a-fA-F]{6}$/;
// RFC 3339 with an offset; years of four digits.
const TIMESTAMP = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
/** Longest text of a known field, in UTF-16 units: what is stored and shown for every sensor must stay small. */
const MAX_TEXT = 256;
/** Sensors count in 32 bits. */
const MAX_SEQUENCE = 2 ** 32 - 1;

/**
 * What is wrong with a known field of a message; unknown ones may hold anything. `now` in Unix milliseconds; without it no
 * time is too far ahead.
 */
export function findFieldProblem(message: Message, now = Number.POSITIVE_INFINITY): string | undefined {
  for (const field of STRING_FIELDS) {
    const value = message[field];
    if (value === undefined) continue;
    if (typeof value !== 'string') return `${field} must be a string`;
    if (value.length > MAX_TEXT) return `${field} must have at most ${MAX_TEXT} characters`;
    if (PLAIN.test(value)) continue;
    if (CONTROL_CHARACTER.test(value)) return `${field} must not have control characters`;
    if (NAME_FIELDS.has(field) && INVISIBLE_CHARACTER.test(value)) return `${field} must not have invisible characters`;
  }
  for (const [field, least] of INTEGER_FIELDS) {
    const value = message[field];
    if (value !== undefined && !isWhole(value, least)) return `${field} must be an integer from ${least} on`;
  }
  const { color, timestamp, sequence = 0, job_submission_time: submitted = 0, values } = message as Partial<Reading>;
  const problem = values === undefined ? undefined : findValuesProblem(values);
  if (problem !== undefined) return problem;
  if (sequence > MAX_SEQUENCE) return `sequence must be at most ${MAX_SEQUENCE}`;
  if (submitted > now + MAX_AHEAD_MS)
    return 'job_submission_time (milliseconds) is more than a day ahead of this clock';
  if (color !== undefined && !COLOR.test(color)) return 'color must look like #RRGGBB';
  if (timestamp === undefined) return undefined;
  const time = TIMESTAMP.test(timestamp) && isDay(timestamp) ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(time)) return 'timestamp must be ISO 8601 with a time zone';
  return time > now + MAX_AHEAD_MS ? 'timestamp is more than a day ahead of this clock' : undefined;
}

const isWhole = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least;

/** Whether the month has that day: `Date` takes the 30th of February for the 2nd of March. */
function isDay(timestamp: string): boolean {
  const day = Number(timestamp.slice(8, 10));
  return (
    day <= 28 || day <= new Date(Date.UTC(Number(timestamp.slice(0, 4)), Number(timestamp.slice(5, 7)), 0)).getUTCDate()
  );
}

/** Whether a message can be counted per sensor: it has an execution, and a sequence from 1 on. */
export function isReading(message: Message): message is Message & Reading {
  return typeof message.execution_id === 'string' && message.execution_id !== '' && isWhole(message.sequence, 1);
}

/** The node that a message is from. Where nodes do not report their names it is that of the execution. */
export const hostOf = ({ hostname, execution_id }: Message) => hostname || execution_id;

/**
 * Completes a message that {@link isReading}, such as the seed's six-field form, to the nine fields.
 * Fields that are missing become '' or 0; the region becomes `unknown`.
 */
export function toReading(message: Message & Reading): Reading {
  return {
    job_id: message.job_id ?? '',
    execution_id: message.execution_id,
    icon_name: message.icon_name ?? '',
    timestamp: message.timestamp ?? '',
    color: message.color ?? '',
    sequence: message.sequence,
    region: message.region || 'unknown',
    job_submission_time: message.job_submission_time ?? 0,
    hostname: message.hostname || message.execution_id,
    ...(message.values === undefined ? {} : { values: message.values }),
  };
}

/** Whether a line of a log is a reading, as the puller prints them. */
export const isReadingLine = (line: string): boolean => /^\{.*"execution_id":.*"sequence":/.test(line);
