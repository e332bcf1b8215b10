/** What a relay sends to its proxy (docs/protocol.md, "`POST /relay`"). */

/** One reading of a request. */
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

const LINE = /^\{(?:"config":("(?:[^"\\]|\\.)*"),)?"reading":(.*)\}$/s;

/** Undefined for what no relay writes. The text of the reading may be no JSON. */
export function parseRelayedLine(line: string): Relayed | undefined {
  const [, config, text] = LINE.exec(line) ?? [];
  if (text === undefined) return undefined;
  if (config === undefined) return { text };
  // What a sensor reports has no character that is written otherwise.
  return config.includes('\\') ? undefined : { text, reported: config.slice(1, -1) };
}

/** The attribute of a message of the queue whose body is such lines. */
export const PACKED_ATTRIBUTE = 'packed';
export const PACKED = 'readings';

/** What a relay says about itself with each request. */
export interface RelayReport {
  name: string;
  region: string;
  /** Milliseconds by a clock of the relay that never goes back: a report that comes later may be an earlier one. */
  at: number;
  /** Readings that it keeps. */
  backlog: number;
  /** For how long it has kept the oldest one, in milliseconds. */
  oldest: number;
  /** What they take of its disk, and what they may take. */
  bytes: number;
  max: number;
  /** Readings since its start that the proxy has refused for good. */
  refused: number;
}

/** The request header and the SQS message attribute that carry a {@link RelayReport}. */
export const RELAY_HEADER = 'x-relay';
export const RELAY_ATTRIBUTE = 'relay';

const NUMBERS = ['at', 'backlog', 'oldest', 'bytes', 'max', 'refused'] as const;
const REPORT = new RegExp(
  `^name=([^;=]{1,768});region=([^;=]{1,768});${NUMBERS.map((name) => `${name}=(\\d{1,15})`).join(';')}$`,
);

export const formatRelayReport = (report: RelayReport): string =>
  `name=${encodeURIComponent(report.name)};region=${encodeURIComponent(report.region)};` +
  NUMBERS.map((name) => `${name}=${Math.round(report[name])}`).join(';');

/** Undefined for what is no report. */
export function parseRelayReport(text = ''): RelayReport | undefined {
  const [, name = '', region = '', ...numbers] = REPORT.exec(text) ?? [];
  const [at, backlog, oldest, bytes, max, refused] = numbers.map(Number);
  const names = { name: decoded(name), region: decoded(region) };
  if (!names.name || !names.region || at === undefined || backlog === undefined || oldest === undefined)
    return undefined;
  if (bytes === undefined || max === undefined || refused === undefined) return undefined;
  return { name: names.name, region: names.region, at, backlog, oldest, bytes, max, refused };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
