/** Numbers and times as texts: the only place where decimals and units are decided. */
import type { MeasuredValues } from '../../protocol/measured-values.js';

const MAX_DECIMALS = 4;

/** Of what the publisher measures (docs/protocol.md), and of the puller's own metrics. */
const UNITS = new Map([
  ['temperature', '°C'],
  ['humidity', '%'],
  ['battery', '%'],
  ['pressure', 'hPa'],
  ['wind_speed', 'm/s'],
  ['vibration', 'mm/s'],
  ['rotation_speed', '1/min'],
  ['power', 'kW'],
  ['readings.lateness', 'ms'],
]);
/** The most that a value of the name has had so far: `4` next to `3.98` is shown as `4.00`. */
const decimals = new Map([['readings.rate', 1]]);
const formats = Array.from(
  { length: MAX_DECIMALS + 1 },
  (_, digits) => new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** With a number of decimals. */
export const decimalText = (value: number, digits: number): string =>
  (formats[Math.min(digits, MAX_DECIMALS)] ?? formats[0])?.format(value) ?? '';

export const whole = (count: number): string => decimalText(count, 0);

/** `1 sensor`, `3,000 sensors`. */
export const countText = (count: number, noun: string): string => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;

export const unitOf = (metric: string): string => UNITS.get(metric) ?? '';

/** A value of a metric, without its unit; all values of a metric have the same number of decimals. */
export function numberText(metric: string, value: number): string {
  const digits = decimals.get(metric) ?? (metric.includes('.') ? 0 : 2);
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 10 ** -MAX_DECIMALS)) return value.toPrecision(4);
  return decimalText(value, metric === 'readings.rate' && size >= 100 ? 0 : digits);
}

export interface ValueText {
  name: string;
  text: string;
  unit: string;
}

/** What a sensor measured. */
export function valueTexts(values: MeasuredValues | undefined): ValueText[] {
  return Object.entries(values ?? {}).map(([name, value]) => {
    const own = String(Number(value.toPrecision(6))).split('.')[1]?.length ?? 0;
    decimals.set(name, Math.max(own, decimals.get(name) ?? 0));
    return { name, text: numberText(name, value), unit: unitOf(name) };
  });
}

export const withUnit = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`);

/** `time` in Unix milliseconds. */
export const clock = (time: number): string => new Date(time).toLocaleTimeString('en-GB');

/** Sorts `edge-9` before `edge-10`. */
export const byNumber = new Intl.Collator('en', { numeric: true }).compare;

/** The puller's texts name commands as they are called once installed; the page can't know how its reader starts them. */
export const withNpx = (text: string): string => text.replaceAll('`wasm-sensors ', '`npx wasm-sensors ');

/** Of an axis: some room around what is there, a flat curve in the middle. `atLeast`: it goes from 0 to this at least. */
export function axisRange(low: number | null, high: number | null, atLeast?: number): [number, number] {
  if (low === null || high === null) return [0, atLeast ?? 1];
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  if (atLeast !== undefined) return [0, Math.max(atLeast, high + room)];
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}
