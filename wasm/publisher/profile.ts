// What a sensor measures: plausible values for demonstrations, a pure function of the host's name and the time. Readings
// that wait for the proxy therefore keep no values: they come out the same later.
import { byte, number, padded, text } from '../lib/out';
import { hash, is, Slice } from '../lib/slice';

const NO_PROFILE: i32 = 0;
const COLD_CHAIN: i32 = 1;
const WEATHER: i32 = 2;
const MACHINE: i32 = 3;

/** `NO_PROFILE` or one of the profiles. */
let profile: i32 = NO_PROFILE;
/** Two sensors with the same seed measure the same. */
let seed: u64 = 0;
/** Share of the time with an anomaly, in hundredths of a percent. */
let anomalies: u32 = 0;

/** Sensors differ by what they are called: their host's name. */
export function initProfile(place: Slice): void {
  seed = hash(place);
}

/** The profile with this name; -1 = there is none. */
export function profileNamed(name: Slice): i32 {
  if (is(name, 'none')) return NO_PROFILE;
  if (is(name, 'cold-chain')) return COLD_CHAIN;
  if (is(name, 'weather')) return WEATHER;
  return is(name, 'machine') ? MACHINE : -1;
}

export function setProfile(chosen: i32): void {
  profile = chosen;
}

export function setAnomalies(share: u32): void {
  anomalies = share;
}

// Each metric has a row of eight numbers, in hundredths of its unit: usual value, difference between sensors, change over
// a day, over an hour, over some seconds, lowest value, highest value, size of an anomaly.
const ROW: usize = 32;
const table = memory.data<i32>([
  // cold-chain: temperature (degrees Celsius), humidity (%), battery (%)
  400, 60, 40, 80, 25, -4000, 4000, 900, 6500, 500, 300, 600, 150, 0, 10000, 2000, 9000, 700, 0, 60, 10, 0, 10000,
  -4000,
  // weather: temperature (degrees Celsius), humidity (%), pressure (hPa), wind_speed (m/s)
  1500, 400, 600, 200, 30, -6000, 6000, 1500, 6000, 800, -1500, 600, 100, 0, 10000, 3000, 101300, 400, 100, 300, 20,
  85000, 110000, 3000, 500, 150, 200, 200, 120, 0, 6000, 2500,
  // machine: temperature (degrees Celsius), vibration (mm/s), rotation_speed (1/min), power (kW)
  6500, 500, 300, 400, 80, 0, 20000, 2500, 220, 60, 0, 60, 40, 0, 5000, 700, 148000, 1000, 0, 800, 300, 0, 1000000,
  -40000, 750, 80, 120, 100, 40, 0, 10000, 300,
]);

const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;
const SECONDS_MS: u64 = 15_000;
/** Anomalies begin and end with these parts of the time. */
const WINDOW_MS: u64 = 60_000;
const SPIKE_MS: u64 = 10_000;
/** One, in the curves below. */
const ONE: i64 = 1024;

function rowOf(metric: i32): usize {
  const first = profile === COLD_CHAIN ? 0 : profile === WEATHER ? 3 : 7;
  return table + <usize>(first + metric) * ROW;
}

function metricCount(): i32 {
  return profile === NO_PROFILE ? 0 : profile === COLD_CHAIN ? 3 : 4;
}

function nameOf(metric: i32): string {
  if (metric === 0) return 'temperature';
  if (profile === MACHINE) return metric === 1 ? 'vibration' : metric === 2 ? 'rotation_speed' : 'power';
  if (metric === 1) return 'humidity';
  return profile === COLD_CHAIN ? 'battery' : metric === 2 ? 'pressure' : 'wind_speed';
}

/** Evenly distributed bits for this sensor, a purpose and a number. */
function bits(purpose: u64, count: u64): u64 {
  let mixed = seed + purpose * 0x9e3779b97f4a7c15 + count * 0xd1b54a32d192ed03;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

/** From -1 to 1, another at each whole number. */
function corner(purpose: u64, count: u64): i64 {
  return <i64>(bits(purpose, count) % (2 * <u64>ONE + 1)) - ONE;
}

/** A smooth curve from -1 to 1 that turns about once in a period. */
function curve(purpose: u64, time: u64, period: u64): i64 {
  const from = corner(purpose, time / period);
  const to = corner(purpose, time / period + 1);
  const part = <i64>(((time % period) * <u64>ONE) / period);
  const smooth = (part * part * (3 * ONE - 2 * part)) / (ONE * ONE);
  return from + ((to - from) * smooth) / ONE;
}

/** From -1 to 1 over a day in UTC, like a sine: highest at 15:00, lowest at 3:00. */
function ofDay(time: u64): i64 {
  const inDay = (time + DAY_MS - 9 * HOUR_MS) % DAY_MS;
  const half = DAY_MS / 2;
  const part = <i64>(((inDay % half) * <u64>ONE) / half);
  const height = (4 * part * (ONE - part)) / ONE;
  return inDay < half ? height : -height;
}

/** The usual value of a metric, in hundredths. */
function usual(metric: i32, time: u64): i64 {
  const row = rowOf(metric);
  const purpose = (<u64>metric) << 2;
  const moved =
    <i64>load<i32>(row, 4) * corner(purpose, 0) +
    <i64>load<i32>(row, 8) * ofDay(time) +
    <i64>load<i32>(row, 12) * curve(purpose + 1, time, HOUR_MS) +
    <i64>load<i32>(row, 16) * curve(purpose + 2, time, SECONDS_MS);
  return <i64>load<i32>(row) + moved / ONE;
}

/** The value at a time, in hundredths: the usual one, or an anomaly (a spike, a stuck value or a drift). */
function valueAt(metric: i32, time: u64): i64 {
  const row = rowOf(metric);
  const inWindow = time % WINDOW_MS;
  const draw = bits(99, time / WINDOW_MS);
  let value = usual(metric, time);
  if (<u32>(draw % 10_000) < anomalies && <i32>((draw >> 20) % <u64>metricCount()) === metric) {
    const size = <i64>load<i32>(row, 28);
    const kind = (draw >> 40) % 3;
    if (kind === 0) value += inWindow < SPIKE_MS ? size : 0;
    else if (kind === 1) value = usual(metric, time - inWindow);
    else value += (size * <i64>inWindow) / <i64>WINDOW_MS;
  }
  return min(max(value, <i64>load<i32>(row, 20)), <i64>load<i32>(row, 24));
}

/** Writes `,"values":{...}` for a reading that was taken at `time` (Unix milliseconds); nothing without a profile. */
export function writeValues(time: i64): void {
  if (profile === NO_PROFILE) return;
  for (let metric = 0; metric < metricCount(); metric++) {
    text(metric ? ',"' : ',"values":{"');
    text(nameOf(metric));
    text('":');
    let value = valueAt(metric, <u64>time);
    if (value < 0) {
      byte(0x2d);
      value = -value;
    }
    number(value / 100);
    byte(0x2e);
    padded(<u32>(value % 100), 2);
  }
  byte(0x7d);
}
