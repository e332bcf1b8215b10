/** What a relay sends to its proxy (docs/protocol.md, "`POST /relay`"). */
import { z } from 'zod';
import { decodedName } from './names.js';

export interface Relayed {
  /** The JSON text of the reading, as its sensor sent it. */
  text: string;
  /** What the sensor reported about itself with it. */
  reported?: string | undefined;
}

/** Outside of strings, which have no line breaks, JSON may have some. No sensor of ours reports anything that is escaped. */
export function relayedLine({ text, reported }: Relayed): string {
  const config = reported === undefined || /["\\]/.test(reported) ? '' : `"config":"${reported}",`;
  return `{${config}"reading":${text.replace(/[\r\n]/g, ' ')}}\n`;
}

const [CONFIG, READING] = ['{"config":"', '"reading":'];

/** Undefined for what no relay writes. The text of the reading may be no JSON. */
export function parseRelayedLine(line: string): Relayed | undefined {
  // By hand and not by a pattern, because it runs for every reading.
  const end = line.startsWith(CONFIG) ? line.indexOf('",', CONFIG.length) : -1;
  const begin = end < 0 ? 1 : end + 2;
  if (!line.endsWith('}') || !line.startsWith(READING, begin) || line[0] !== '{') return undefined;
  const text = line.slice(begin + READING.length, -1);
  if (end < 0) return { text };
  const reported = line.slice(CONFIG.length, end);
  // What a sensor reports has no character that is written otherwise.
  return /["\\]/.test(reported) ? undefined : { text, reported };
}

const name = z.string().max(768).transform(decodedName).pipe(z.string());
const number = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
const reportSchema = z.strictObject({
  name,
  region: name,
  /** Milliseconds by a clock of the relay that never goes back: a report that comes later may be an earlier one. */
  at: number,
  /** Readings that it keeps. */
  backlog: number,
  /** For how long it has kept the oldest one, in milliseconds. */
  oldest: number,
  /** What they take of its disk, and what they may take. */
  bytes: number,
  max: number,
  /** Readings since its start that the proxy has refused for good. */
  refused: number,
});
/** What a relay says about itself with each request. */
export type RelayReport = z.output<typeof reportSchema>;

/** The request header and the SQS message attribute that carry a {@link RelayReport}. */
export const RELAY_HEADER = 'x-relay';
export const RELAY_ATTRIBUTE = 'relay';

export const formatRelayReport = ({ name, region, ...numbers }: RelayReport): string =>
  [
    `name=${encodeURIComponent(name)};region=${encodeURIComponent(region)}`,
    ...Object.entries(numbers).map(([name, value]) => `${name}=${Math.round(value)}`),
  ].join(';');

/** Undefined for what is no report. */
export function parseRelayReport(text?: string): RelayReport | undefined {
  if (text === undefined) return undefined;
  return reportSchema.safeParse(Object.fromEntries(text.split(';').map((field) => field.split('=')))).data;
}
